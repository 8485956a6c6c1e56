// Block style: structure by indentation.
#include "manifest/yaml_reader.h"

namespace allod::manifest {

bool YamlReader::end_line() {
  next_token();
  if (fresh_ || document_ends()) return true;
  if (*at_ == ':' && at_indicator()) return complain_of_colon(at_);
  return complain(at_, "nothing but a comment can follow here");
}

/// A node with its properties. The current token starts it.
bool YamlReader::block_node(Node& out, const Context& context, std::size_t depth) {
  if (*at_ != '&' && *at_ != '!') return block_content(out, context, Properties(), depth);
  Properties own;
  if (!properties(own)) return false;
  const bool line_goes_on = !is(*at_, kBreak | kEnd) && (*at_ != '#' || !is_blank(at_[-1]));
  if (line_goes_on) {
    // What follows on the line may be a key, to which they belong then.
    return block_content(out, context, own, depth);
  }
  if (!check_single(own, context)) return false;
  const Counted before = start_anchor(own, depth);
  next_token();
  const bool is_list = *at_ == '-' && at_indicator();
  const bool here = !document_ends() && (column_ > context.parent ||
                                         (context.of_map && column_ == context.parent && is_list));
  if (!here) {
    if (!tagged_value(out, "", offset_of(own.at), own, true)) return false;
  } else {
    Context inner = context;
    inner.block = true;
    inner.anchored = context.anchored || !own.anchor.empty();
    inner.tagged = context.tagged || own.tag != Tag::none;
    Properties tag_alone = own;
    tag_alone.anchor = {};
    const bool again = *at_ == '&' || *at_ == '!';
    if (!(again ? block_node(out, inner, depth) : block_content(out, inner, tag_alone, depth))) {
      return false;
    }
    if (again && !check_collection_tag(own, out)) return false;
    if (again && own.tag == Tag::string && !out.is_string()) {
      return complain(own.at, "this tag stands too far from its value", "put it before the value");
    }
  }
  finish_anchor(own, before, out, depth);
  return true;
}

/// A node without its properties. When those stand on the same line and the node turns out to be
/// the first key of a map, they are the key's.
bool YamlReader::block_content(Node& out, const Context& context, const Properties& own,
                               std::size_t depth) {
  const char* const begin = at_;
  const char* const line = line_;
  const char* const tab = tab_;
  const bool on_line = own.at != nullptr && own.at >= line;
  const Counted before = start_anchor(own, depth);
  switch (*begin) {
  case '-':
  case '?':
    if (!at_indicator()) break;
    if (!context.block || on_line) return complain_of_start();
    if (tab != nullptr) return complain_of_tab(tab);
    if (!(*begin == '-' ? block_list(out, column_, depth)
                        : block_map(out, column_, depth, nullptr, false))) {
      return false;
    }
    if (!check_collection_tag(own, out)) return false;
    finish_anchor(own, before, out, depth);
    return true;
  case ':':
    if (!at_indicator()) break;
    return complain(at_, "a key is missing before this \":\"");
  case '|':
  case '>': {
    std::string_view text;
    if (!block_text(text, context.parent)) return false;
    if (!tagged_value(out, text, offset_of(begin), own, false)) return false;
    next_token();
    finish_anchor(own, before, out, depth);
    return !on_line || check_single(own, context);
  }
  case '[':
  case '{':
    if (!flow_collection(out, depth) || !check_collection_tag(own, out)) return false;
    break;
  case '*':
    if (own.at != nullptr && on_line) {
      return complain(own.at, "an alias can have neither anchor nor tag");
    }
    if (!alias(out, depth)) return false;
    break;
  case '"':
  case '\'': {
    std::string_view text;
    if (!quoted(text) || !tagged_value(out, text, offset_of(begin), own, false)) return false;
    break;
  }
  default:
    break;
  }
  if (at_ == begin) return plain_content(out, context, own, before, depth);
  skip_blanks();
  if (*at_ == ':' && at_indicator() && line_ == line) {
    Member key;
    key.key_offset = offset_of(begin);
    if (!make_key(key, out)) return false;
    if (on_line) finish_anchor(own, before, out, depth);
    return map_from_key(out, context, key, false, on_line ? own.at : begin, tab, depth) &&
           (on_line || check_collection_tag(own, out));
  }
  if (on_line && !check_single(own, context)) return false;
  if (!end_line()) return false;
  finish_anchor(own, before, out, depth);
  return true;
}

bool YamlReader::plain_content(Node& out, const Context& context, const Properties& own,
                               const Counted& before, std::size_t depth) {
  if (!starts_plain(false)) return complain_of_start();
  const char* const begin = at_;
  const char* const tab = tab_;
  const bool on_line = own.at != nullptr && own.at >= line_;
  const char* stop = find_plain_stop<false>(begin);
  std::string_view text = trimmed(begin, stop);
  at_ = stop;
  if (*stop == ':') {
    Member key;
    bool is_merge = false;
    if (!plain_key(key, is_merge, text, offset_of(begin), on_line ? own : Properties())) {
      return false;
    }
    if (on_line) finish_anchor(own, before, Node::string(key.key(), key.key_offset), depth);
    return map_from_key(out, context, key, is_merge, on_line ? own.at : begin, tab, depth) &&
           (on_line || check_collection_tag(own, out));
  }
  if (on_line && !check_single(own, context)) return false;
  next_token();
  if (column_ > context.parent && !comment_) {
    // It goes on in the next line.
    scratch_ = text;
    do {
      fold_plain_break(stop);
      stop = find_plain_stop<false>(at_);
      if (*stop == ':') return complain_of_colon(stop);
      scratch_ += trimmed(at_, stop);
      at_ = stop;
      next_token();
    } while (column_ > context.parent && !comment_);
    text = builder_.keep(scratch_);
  }
  if (!plain_value(out, text, offset_of(begin), own)) return false;
  finish_anchor(own, before, out, depth);
  return true;
}

/// What stands behind the "-", "?" or ":" before the reader, on its line or on the next.
bool YamlReader::block_value(Node& out, const Context& context, std::size_t depth) {
  const char* const behind = at_;
  tab_ = nullptr;
  while (*at_ == ' ')
    ++at_;
  if (*at_ == '\t') {
    tab_ = at_;
    skip_blanks();
  }
  if (!is(*at_, kBreak | kEnd) && (*at_ != '#' || !is_blank(at_[-1]))) {
    fresh_ = false;
    column_ = static_cast<int>(at_ - line_);
    return block_node(out, context, depth);
  }
  next_token();
  const bool list_of_map =
      context.of_map && column_ == context.parent && *at_ == '-' && at_indicator();
  if (column_ > context.parent || list_of_map) {
    Context own_line = context;
    own_line.block = true;
    return block_node(out, own_line, depth);
  }
  out = Node::null(offset_of(behind));
  return count(behind, 0);
}

bool YamlReader::block_list(Node& out, int column, std::size_t depth) {
  const char* const begin = at_;
  if (!enter(begin, depth) || !count(begin, 0)) return false;
  const std::size_t open = builder_.open_items();
  Context context;
  context.parent = column;
  while (true) {
    ++at_;
    Node item;
    if (!block_value(item, context, depth + 1)) return false;
    builder_.push_item(item);
    if (column_ < column) break;
    if (column_ > column) return complain_of_indentation("list");
    if (*at_ != '-' || !at_indicator()) break; // the next key of a map that is indented the same
    if (tab_ != nullptr) return complain_of_tab(tab_);
  }
  out = builder_.finish_list(open, offset_of(begin));
  return true;
}

/// The key has been read and the reader is at its ":".
bool YamlReader::map_from_key(Node& out, const Context& context, const Member& key, bool is_merge,
                              const char* begin, const char* tab, std::size_t depth) {
  if (!context.block) return complain_of_colon(at_);
  if (tab != nullptr) return complain_of_tab(tab);
  return block_map(out, static_cast<int>(begin - line_), depth, &key, is_merge);
}

/// A map. `first`: its first key, when the reader is behind that already.
bool YamlReader::block_map(Node& out, int column, std::size_t depth, const Member* first,
                           bool is_merge) {
  const std::uint32_t offset = first != nullptr ? first->key_offset : offset_of(at_);
  if (!enter(at_, depth) || !count(at_, 0)) return false;
  const std::size_t open = builder_.open_members();
  Merges merges;
  Context context;
  context.parent = column;
  context.of_map = true;
  Member member;
  if (first != nullptr) member = *first;
  bool have_key = first != nullptr;
  while (true) {
    context.block = false;
    bool has_value = true;
    if (!have_key) {
      is_merge = false;
      if (*at_ == '?' && at_indicator()) {
        context.block = true;
        if (!explicit_key(member, is_merge, column, depth, has_value)) return false;
      } else if (!implicit_key(member, is_merge)) {
        return false;
      }
    }
    have_key = false;
    if (has_value) {
      ++at_;
      if (!block_value(member.value, context, depth + 1)) return false;
    }
    if (is_merge) {
      merges.emplace_back(builder_.open_members() - open, member.value);
    } else {
      builder_.push_member(member);
    }
    if (column_ < column) break;
    if (column_ > column) return complain_of_indentation("map");
    if (tab_ != nullptr) return complain_of_tab(tab_);
  }
  return finish_map(out, open, merges, offset);
}

/// A key on one line, up to its ":".
bool YamlReader::implicit_key(Member& key, bool& is_merge) {
  const char* const line = line_;
  Properties own;
  if ((*at_ == '&' || *at_ == '!') && !properties(own)) return false;
  const char* const begin = at_;
  key.key_offset = offset_of(begin);
  const Counted before = start_anchor(own, 1);
  Node node;
  switch (*at_) {
  case '"':
  case '\'': {
    std::string_view text;
    if (!quoted(text) || !tagged_value(node, text, key.key_offset, own, false)) return false;
    if (!make_key(key, node)) return false;
    break;
  }
  case '*':
    if (own.at != nullptr) return complain(own.at, "an alias can have neither anchor nor tag");
    if (!alias(node, 1) || !make_key(key, node)) return false;
    break;
  case '[':
  case '{':
    if (!flow_collection(node, 1) || !make_key(key, node)) return false;
    break;
  default: {
    if (*at_ == '-' && at_indicator()) {
      return complain(at_, "a list cannot start here", "indent it deeper than the map before it");
    }
    if (*at_ == ':' && at_indicator()) return complain(at_, "a key is missing before this \":\"");
    if (!starts_plain(false)) return complain_of_start();
    const char* const stop = find_plain_stop<false>(begin);
    if (*stop == ':' && !plain_key(key, is_merge, trimmed(begin, stop), key.key_offset, own)) {
      return false;
    }
    at_ = stop;
  }
  }
  finish_anchor(own, before, Node::string(key.key(), key.key_offset), 1);
  skip_blanks();
  if (*at_ == ':' && at_indicator() && line_ == line) return true;
  return complain(begin, "a \":\" is missing after this key",
                  line_ == line ? "check the indentation of the lines around it"
                                : "a key must stand on one line");
}

/// "? key", up to the ":" of its value if it has one.
bool YamlReader::explicit_key(Member& key, bool& is_merge, int column, std::size_t depth,
                              bool& has_value) {
  const char* const begin = at_++;
  Context context;
  context.parent = column;
  Node node;
  if (!block_value(node, context, depth + 1)) return false;
  is_merge = schema_ == Schema::kubernetes && node.is_string() && node.as_string() == "<<" &&
             start_[node.offset()] == '<';
  key = Member();
  key.key_offset = node.offset();
  if (!make_key(key, node)) return false;
  has_value = column_ == column && *at_ == ':' && at_indicator();
  if (!has_value) {
    key.value = Node::null(offset_of(begin));
    return count(begin, 0);
  }
  return true;
}

} // namespace allod::manifest
