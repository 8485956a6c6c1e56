// HCL 2 (the native syntax): attributes, and blocks with labels. The convention for keys is in
// writers.h.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/text.h"
#include "document/character_width.h"
#include "document/number_format.h"
#include "document/writers/common.h"

namespace allod::document::writers {
namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t point = next_character(text);
    switch (point) {
    case '"':
      result += "\\\"";
      continue;
    case '\\':
      result += "\\\\";
      continue;
    case '\n':
      result += "\\n";
      continue;
    case '\r':
      result += "\\r";
      continue;
    case '\t':
      result += "\\t";
      continue;
    default:
      break;
    }
    const bool opens = (point == '$' || point == '%') && text.starts_with('{');
    if (point < 0x20 || point == 0x7F) {
      result += utf16_escape(point);
    } else if (opens) {
      result += std::string(2, static_cast<char>(point)); // $${ is ${ and no template
    } else {
      result += before.substr(0, before.size() - text.size());
    }
  }
  return result + "\"";
}

bool is_identifier(std::string_view word) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
  return !word.empty() && std::all_of(word.begin(), word.end(), fits) &&
         std::isdigit(static_cast<unsigned char>(word.front())) == 0 && word.front() != '-';
}

/// A key taken apart: the name, the labels, and whether it ends with "=".
struct Head {
  std::string name;
  std::vector<std::string> labels;
  bool attribute = false;
};

/// Nothing but the name is unquoted for sure; a label may be written either way.
bool parse_head(std::string_view key, Head& head) {
  key = trim(key);
  if (key.ends_with('=')) {
    head.attribute = true;
    key = trim(key.substr(0, key.size() - 1));
  }
  const std::size_t space = key.find(' ');
  head.name = std::string(key.substr(0, space));
  key = space == std::string_view::npos ? std::string_view() : trim(key.substr(space));
  while (!key.empty()) {
    const bool quotes = key.front() == '"';
    const std::size_t end = quotes ? key.find('"', 1) : key.find(' ');
    if (quotes && end == std::string_view::npos) return false;
    head.labels.emplace_back(quotes ? key.substr(1, end - 1) : key.substr(0, end));
    key = end == std::string_view::npos ? std::string_view()
                                        : trim(key.substr(quotes ? end + 1 : end));
  }
  return is_identifier(head.name) && !(head.attribute && !head.labels.empty());
}

bool is_block_list(const Value& value) {
  return value.is_list() && value.size() > 0 &&
         std::all_of(value.items().begin(), value.items().end(),
                     [](const Value& item) { return item.is_map(); });
}

Path with(const Path& path, PathStep step) {
  Path longer = path;
  longer.push_back(std::move(step));
  return longer;
}

class Writer {
 public:
  Status body(const Value& map, std::size_t depth, const Path& path);
  std::string take() { return std::move(text_); }

 private:
  Status member(const Member& entry, std::size_t depth, const Path& path);
  Status block(const Head& head, const Value& map, std::size_t depth, const Path& path);
  Result<std::string> expression(const Value& value, std::size_t depth, const Path& path);
  Result<std::string> object(const Value& value, std::size_t depth, const Path& path);

  std::string text_;
};

std::string indentation(std::size_t depth) {
  return std::string(2 * depth, ' ');
}

Result<std::string> Writer::expression(const Value& value, std::size_t depth, const Path& path) {
  switch (value.kind()) {
  case Kind::null:
  case Kind::boolean:
  case Kind::integer:
    return plain_scalar(value);
  case Kind::number:
    if (!std::isfinite(value.as_number())) {
      return refuse(path, value.mark(), "is not a finite number");
    }
    return format_number(value.as_number());
  case Kind::string:
    return quoted(value.as_string());
  case Kind::map:
    return object(value, depth, path);
  case Kind::list:
    break;
  }
  std::string text = "[";
  for (std::size_t i = 0; i < value.size(); ++i) {
    const Result<std::string> item = expression(value.items()[i], depth, with(path, i));
    if (!item) return item;
    text += (i == 0 ? "" : ", ") + *item;
  }
  return text + "]";
}

Result<std::string> Writer::object(const Value& value, std::size_t depth, const Path& path) {
  if (value.size() == 0) return std::string("{}");
  std::string text = "{\n";
  for (const Member& entry : value.members()) {
    const Result<std::string> content = expression(entry.value, depth + 1, with(path, entry.key));
    if (!content) return content;
    text += indentation(depth + 1) + quoted(entry.key) + " = " + *content + "\n";
  }
  return text + indentation(depth) + "}";
}

Status Writer::block(const Head& head, const Value& map, std::size_t depth, const Path& path) {
  if (depth == 0 && !text_.empty()) text_ += '\n';
  text_ += indentation(depth) + head.name;
  for (const std::string& label : head.labels)
    text_ += " " + quoted(label);
  text_ += " {\n";
  if (Status written = body(map, depth + 1, path); !written) return written;
  text_ += indentation(depth) + "}\n";
  return {};
}

Status Writer::member(const Member& entry, std::size_t depth, const Path& path) {
  Head head;
  if (!parse_head(entry.key, head)) {
    return refuse(path, entry.key_mark, "this key cannot stand in HCL")
        .with_hint("write a name, a name with labels, or a name and \"=\"");
  }
  if (!head.attribute && entry.value.is_map()) return block(head, entry.value, depth, path);
  if (!head.attribute && is_block_list(entry.value)) {
    for (std::size_t i = 0; i < entry.value.size(); ++i) {
      Status written = block(head, entry.value.items()[i], depth, with(path, i));
      if (!written) return written;
    }
    return {};
  }
  if (!head.labels.empty()) return refuse(path, entry.key_mark, "only a block can have labels");
  Result<std::string> value = expression(entry.value, depth, path);
  if (!value) return std::move(value).error();
  text_ += indentation(depth) + head.name + " = " + *value + "\n";
  return {};
}

Status Writer::body(const Value& map, std::size_t depth, const Path& path) {
  for (const Member& entry : map.members()) {
    if (Status written = member(entry, depth, with(path, entry.key)); !written) return written;
  }
  return {};
}

} // namespace

Result<std::string> write_hcl(const Value& content, const Value& /*options*/) {
  if (!content.is_map()) return refuse({}, content.mark(), "HCL is written from a map");
  Writer writer;
  if (Status written = writer.body(content, 0, {}); !written) return std::move(written).error();
  return writer.take();
}

} // namespace allod::document::writers
