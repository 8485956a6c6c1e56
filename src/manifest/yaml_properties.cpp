// Anchors, aliases, tags, keys, merges.
#include <algorithm>
#include <cmath>

#include "base/encoding.h"
#include "manifest/complaint.h"
#include "manifest/scalar.h"
#include "manifest/yaml_reader.h"

namespace allod::manifest {
namespace {

constexpr std::string_view kCore = "tag:yaml.org,2002:";

/// What YAML 1.1, and so kubectl, takes for the name of an anchor.
bool is_simple_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

} // namespace

std::string_view YamlReader::anchor_name(const char* at) const {
  const char* end = at;
  while (!is(*end, kBlank | kBreak | kEnd | kFlow)) {
    if (*end == ':' && is(end[1], kBlank | kBreak | kEnd | kFlow)) break; // "*name: value"
    ++end;
  }
  return {at, static_cast<std::size_t>(end - at)};
}

/// "c-ns-properties" and the blanks behind them.
bool YamlReader::properties(Properties& out) {
  out.at = at_;
  while (*at_ == '&' || *at_ == '!') {
    const char* const begin = at_;
    if (*at_ == '&') {
      if (!out.anchor.empty()) return complain(begin, "a value cannot have two anchors");
      out.anchor = anchor_name(at_ + 1);
      if (out.anchor.empty()) {
        return complain(begin, "a name is missing after &",
                        "put the text in quotes if it starts with &");
      }
      if (schema_ == Schema::kubernetes && !is_simple_name(out.anchor)) {
        return complain(begin, "this anchor's name ends sooner for some readers",
                        "use letters, digits, \"-\" and \"_\" alone");
      }
      at_ = out.anchor.data() + out.anchor.size();
    } else {
      if (out.tag != Tag::none) return complain(begin, "a value cannot have two tags");
      if (!tag(out)) return false;
    }
    if (!is(*at_, kBlank | kBreak | kEnd | kFlow)) {
      return complain(at_, "a space is missing before this");
    }
    skip_blanks();
  }
  return true;
}

/// "c-ns-tag-property".
bool YamlReader::tag(Properties& out) {
  const char* const begin = at_;
  const char* end = begin + 1;
  std::string name;
  if (*end == '<') {
    while (!is(*end, kBlank | kBreak | kEnd) && *end != '>')
      ++end;
    if (*end != '>') return complain(begin, "a \">\" is missing after this tag");
    name.assign(begin + 2, end);
    ++end;
    if (name.empty() || name == "!") return complain(begin, "this tag has no name");
  } else {
    while (!is(*end, kBlank | kBreak | kEnd | kFlow))
      ++end;
    const std::string_view text(begin, static_cast<std::size_t>(end - begin));
    const std::size_t second = text.find('!', 1);
    const std::string_view handle =
        text.substr(0, second == std::string_view::npos ? 1 : second + 1);
    name = text.substr(handle.size());
    const auto declared = std::find_if(tag_handles_.begin(), tag_handles_.end(),
                                       [&](const auto& entry) { return entry.first == handle; });
    if (declared != tag_handles_.end()) {
      if (!name.empty() || handle.size() > 1) name = declared->second + name;
    } else if (handle == "!!") {
      name = std::string(kCore) + name;
    } else if (handle != "!") {
      return complain(begin, "an unknown tag handle", "put the text in quotes if it starts with !");
    } else if (!name.empty()) {
      name = "!" + name;
    }
  }
  out.tag_text = {begin, static_cast<std::size_t>(end - begin)};
  at_ = end;
  if (name.empty()) {
    out.tag = Tag::non_specific;
    return true;
  }
  struct Known {
    std::string_view name;
    Tag tag;
  };
  static constexpr Known kKnown[] = {
      {"str", Tag::string},   {"int", Tag::integer}, {"float", Tag::number},
      {"bool", Tag::boolean}, {"null", Tag::null},   {"binary", Tag::binary},
      {"seq", Tag::list},     {"map", Tag::map},     {"timestamp", Tag::timestamp},
      {"merge", Tag::merge}};
  out.tag = Tag::other;
  if (!name.starts_with(kCore)) return true;
  const std::string_view core = std::string_view(name).substr(kCore.size());
  for (const Known& known : kKnown) {
    if (known.name == core) out.tag = known.tag;
  }
  return true;
}

/// That properties before a node and those on lines before them are not twice the same.
bool YamlReader::check_single(const Properties& own, const Context& context) {
  const bool twice =
      (context.anchored && !own.anchor.empty()) || (context.tagged && own.tag != Tag::none);
  return !twice || complain(own.at, "a value cannot have two anchors or two tags");
}

YamlReader::Counted YamlReader::start_anchor(const Properties& own, std::size_t depth) {
  if (own.anchor.empty()) return {};
  anchors_[own.anchor] = Anchored();
  const Counted before{nodes_, bytes_, deepest_};
  deepest_ = depth - 1;
  return before;
}

void YamlReader::finish_anchor(const Properties& own, const Counted& before, const Node& node,
                               std::size_t depth) {
  if (own.anchor.empty()) return;
  anchors_[own.anchor] = Anchored{node, true, nodes_ - before.nodes, bytes_ - before.bytes,
                                  deepest_ >= depth ? deepest_ - depth + 1 : 0};
  deepest_ = std::max(deepest_, before.deepest);
}

bool YamlReader::alias(Node& out, std::size_t depth) {
  const char* const begin = at_;
  const std::string_view name = anchor_name(begin + 1);
  if (name.empty()) {
    return complain(begin, "a name is missing after *",
                    "put the text in quotes if it starts with *");
  }
  const auto found = anchors_.find(name);
  if (found == anchors_.end()) {
    std::vector<std::string> known;
    for (const auto& [anchor, unused] : anchors_)
      known.emplace_back(anchor);
    std::sort(known.begin(), known.end());
    constexpr std::size_t kListed = 20;
    known.resize(std::min(known.size(), kListed));
    return complain(begin, "no anchor \"&" + std::string(name) + "\" stands before this alias",
                    known.empty() ? "put the text in quotes if it starts with *"
                                  : document::suggestion(name, known, "anchors"));
  }
  const Anchored& anchored = found->second;
  if (!anchored.complete) {
    return complain(begin, "\"*" + std::string(name) + "\" stands within what it repeats");
  }
  if (anchored.height > 0 && !enter(begin, depth + anchored.height - 1)) return false;
  if (!count_repeated(begin, anchored.nodes, anchored.bytes)) return false;
  out = anchored.node.at(offset_of(begin));
  at_ = name.data() + name.size();
  return true;
}

/// The value of a plain scalar.
bool YamlReader::plain_value(Node& out, std::string_view text, std::uint32_t offset,
                             const Properties& own) {
  if (own.tag == Tag::none && !text.empty() && !may_be_more_than_text(text[0])) {
    out = Node::string(text, offset);
    return count(start_ + offset, text.size());
  }
  return tagged_value(out, text, offset, own, true);
}

/// The value of a scalar with its tag, if it has one.
bool YamlReader::tagged_value(Node& out, std::string_view text, std::uint32_t offset,
                              const Properties& own, bool plain) {
  const char* const at = start_ + offset;
  if (!count(at, text.size())) return false;
  const bool kubernetes = schema_ == Schema::kubernetes;
  switch (own.tag) {
  case Tag::none:
    if (plain) break;
    out = Node::string(text, offset);
    return true;
  case Tag::other:
  case Tag::timestamp:
  case Tag::merge:
    if (!kubernetes) {
      return complain(own.at, "the tag \"" + std::string(own.tag_text) + "\" is not known",
                      "put the text in quotes if it starts with !");
    }
    out = Node::string(text, offset);
    return true;
  case Tag::non_specific:
  case Tag::string:
    out = Node::string(text, offset);
    return true;
  case Tag::binary: {
    if (!kubernetes) return complain(own.at, "the tag \"!!binary\" is not known");
    const Result<Bytes> bytes = from_base64(text);
    if (!bytes) return complain(at, "this is no base64");
    const std::string_view decoded(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    if (find_unacceptable(decoded, Controls::allowed) != std::string_view::npos) {
      return complain(at, "these bytes are no text, and an object of Kubernetes holds no bytes",
                      "write them as a base64 text, without !!binary");
    }
    out = Node::string(builder_.keep(decoded), offset);
    return true;
  }
  case Tag::list:
  case Tag::map:
    return complain(own.at, "this is no value for " + std::string(own.tag_text));
  default:
    break;
  }
  const std::optional<Node> resolved = resolve_plain(text, offset, schema_);
  if (!resolved) return complain(at, "\"" + std::string(text) + "\" is too large");
  out = *resolved;
  if (own.tag == Tag::number && out.is(Kind::integer)) {
    if (!kubernetes) out = Node::number(static_cast<double>(out.as_integer()), offset);
  } else if (own.tag != Tag::none) {
    const bool fits = (own.tag == Tag::null && out.is_null()) ||
                      (own.tag == Tag::boolean && out.is(Kind::boolean)) ||
                      (own.tag == Tag::integer && out.is(Kind::integer)) ||
                      (own.tag == Tag::number && out.is(Kind::number));
    if (!fits) {
      return complain(at,
                      "\"" + std::string(text) + "\" is no value for " + std::string(own.tag_text));
    }
  }
  if (kubernetes && out.is(Kind::number) && !std::isfinite(out.as_number())) {
    return complain(at,
                    "\"" + std::string(text) + "\" is no number that JSON, and so Kubernetes, has",
                    "put it in quotes if it is a text");
  }
  return true;
}

bool YamlReader::check_collection_tag(const Properties& own, const Node& node) {
  if (own.tag == Tag::none || own.tag == Tag::non_specific) return true;
  if (own.tag == Tag::list && node.is_list()) return true;
  if (own.tag == Tag::map && node.is_map()) return true;
  const bool collection = node.is_list() || node.is_map();
  if (collection && schema_ == Schema::kubernetes && own.tag == Tag::other) return true;
  if (!collection) return true; // was checked as a scalar
  return complain(own.at, own.tag == Tag::other
                              ? "the tag \"" + std::string(own.tag_text) + "\" is not known"
                              : std::string(describe(node.kind())) + " is no value for " +
                                    std::string(own.tag_text));
}

/// A plain scalar as a key.
bool YamlReader::plain_key(Member& key, bool& is_merge, std::string_view text, std::uint32_t offset,
                           const Properties& own) {
  key.key_offset = offset;
  is_merge = false;
  const bool simple = own.tag == Tag::none && !text.empty() && !may_be_more_than_text(text[0]);
  if (simple || own.tag == Tag::string || own.tag == Tag::non_specific) {
    if (simple && text == "<<") {
      if (schema_ == Schema::core) {
        return complain(start_ + offset, "merge keys (\"<<\") are not supported",
                        "write the members out, or use an alias for a whole value");
      }
      is_merge = true;
    }
    key.key_text = text.data();
    key.key_size = static_cast<std::uint32_t>(text.size());
    return true;
  }
  if (own.tag == Tag::merge && text == "<<") {
    is_merge = true;
    return true;
  }
  if (own.tag == Tag::none) {
    const std::optional<Node> resolved = resolve_plain(text, offset, schema_);
    if (!resolved) return complain(start_ + offset, "\"" + std::string(text) + "\" is too large");
    return make_key(key, *resolved);
  }
  Node node;
  return tagged_value(node, text, offset, own, true) && make_key(key, node);
}

/// The text of a key that was read as a node.
bool YamlReader::make_key(Member& key, const Node& node) {
  std::string_view text;
  if (node.is_string()) {
    text = node.as_string();
  } else {
    const std::optional<std::string> made =
        schema_ == Schema::kubernetes ? key_text(node) : std::nullopt;
    if (!made) {
      const bool collection = node.is_list() || node.is_map();
      return complain(start_ + key.key_offset,
                      std::string("a key must be a text, this is ") + describe(node.kind()),
                      collection ? "put the text in quotes if it starts with { or ["
                                 : "put it in quotes");
    }
    text = builder_.keep(*made);
  }
  key.key_text = text.data();
  key.key_size = static_cast<std::uint32_t>(text.size());
  return true;
}

bool YamlReader::finish_map(Node& out, std::size_t open, const Merges& merges,
                            std::uint32_t offset) {
  if (!merges.empty()) return finish_merged_map(out, open, merges, offset);
  const Builder::FinishedMap map = builder_.finish_map(open, offset);
  if (map.second != nullptr) return complain_of_repetition(*map.first, *map.second);
  out = map.node;
  return true;
}

/// A map with merge keys, as kubectl merges: in the order they are written, so that a merge takes
/// the place of members before it and gives way to those after it; of a list of maps the first
/// counts most.
bool YamlReader::finish_merged_map(Node& out, std::size_t open, const Merges& merges,
                                   std::uint32_t offset) {
  const std::span<const Member> written = builder_.members_since(open);
  std::vector<Member> members;
  std::unordered_map<std::string_view, std::size_t> indices;
  std::unordered_map<std::string_view, const Member*> own;
  const auto set = [&](const Member& member) {
    const auto [entry, is_new] = indices.emplace(member.key(), members.size());
    if (is_new) {
      members.push_back(member);
    } else {
      members[entry->second] = member;
    }
  };
  const auto merge = [&](const Node& source) {
    if (!source.is_map()) {
      return complain(start_ + source.offset(),
                      std::string("only maps can be merged, this is ") + describe(source.kind()));
    }
    if (!count_repeated(start_ + source.offset(), source.as_map().size(), 0)) return false;
    for (const Member& member : source.as_map().members())
      set(member);
    return true;
  };
  std::size_t next_merge = 0;
  for (std::size_t i = 0; i <= written.size(); ++i) {
    for (; next_merge < merges.size() && merges[next_merge].first == i; ++next_merge) {
      const Node& source = merges[next_merge].second;
      if (!source.is_list()) {
        if (!merge(source)) return false;
        continue;
      }
      const std::span<const Node> items = source.as_list().items();
      for (std::size_t item = items.size(); item-- > 0;) {
        if (!merge(items[item])) return false;
      }
    }
    if (i == written.size()) break;
    const auto [entry, is_new] = own.emplace(written[i].key(), &written[i]);
    if (!is_new) return complain_of_repetition(*entry->second, written[i]);
    set(written[i]);
  }
  builder_.drop_members(open);
  for (const Member& member : members)
    builder_.push_member(member);
  out = builder_.finish_map(open, offset).node;
  return true;
}

} // namespace allod::manifest
