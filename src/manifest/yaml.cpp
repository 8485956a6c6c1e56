#include "manifest/yaml.h"

#include "document/yaml_reader.h"
#include "manifest/builder.h"
#include "manifest/complaint.h"

namespace allod::manifest {
namespace {

class Copier {
 public:
  explicit Copier(Document& document) : document_(document), builder_(document.arena()) {
    const std::string_view text = document.text();
    starts_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') starts_.push_back(static_cast<std::uint32_t>(i + 1));
    }
  }

  Node copy(const document::Value& value) {
    const std::uint32_t at = offset(value.mark());
    switch (value.kind()) {
    case document::Kind::null:
      return Node::null(at);
    case document::Kind::boolean:
      return Node::boolean(value.as_boolean(), at);
    case document::Kind::integer:
      return Node::integer(value.as_integer(), at);
    case document::Kind::number:
      return Node::number(value.as_number(), at);
    case document::Kind::string:
      return Node::string(builder_.keep(value.as_string()), at);
    case document::Kind::list: {
      const std::size_t open = builder_.open_items();
      for (const document::Value& item : value.items()) {
        const Node node = copy(item);
        builder_.push_item(node);
      }
      return builder_.finish_list(open, at);
    }
    case document::Kind::map:
      break;
    }
    const std::size_t open = builder_.open_members();
    for (const document::Member& member : value.members()) {
      const std::string_view key = builder_.keep(member.key);
      const Node node = copy(member.value);
      builder_.push_member(Member{key.data(), static_cast<std::uint32_t>(key.size()),
                                  offset(member.key_mark), node});
    }
    return builder_.finish_map(open, at).node;
  }

 private:
  [[nodiscard]] std::uint32_t offset(const document::Mark& mark) const {
    if (mark.line == 0 || mark.line > starts_.size()) return 0;
    const std::string_view text = document_.text();
    std::uint32_t at = starts_[mark.line - 1];
    for (std::uint32_t left = mark.column; at < text.size(); ++at) {
      if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U && --left == 0) break;
    }
    return at;
  }

  const Document& document_;
  Builder builder_;
  std::vector<std::uint32_t> starts_;
};

} // namespace

Status read_yaml(Document& document, const Limits& limits, Schema) {
  document.mutable_roots().clear();
  if (Status checked = check_text(document, limits, Controls::none); !checked) return checked;
  Result<std::vector<document::Value>> values =
      document::read_yaml(document.name(), document.text());
  if (!values) return std::move(values).error();
  Copier copier(document);
  for (const document::Value& value : *values)
    document.mutable_roots().push_back(copier.copy(value));
  return {};
}

} // namespace allod::manifest
