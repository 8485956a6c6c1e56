// Flow style: structure by brackets.
#include "manifest/yaml_reader.h"

namespace allod::manifest {

/// Over blanks, line breaks and comments between brackets.
bool YamlReader::next_flow_token() {
  if (!is(*at_, kBlank | kBreak) && *at_ != '#' && !at_end()) return true; // most of them
  next_token();
  if (!marker_) return true;
  return complain(at_, "a list or map in brackets is cut by the start or end of a document",
                  "a closing bracket is missing before it");
}

bool YamlReader::flow_collection(Node& out, std::size_t depth) {
  if (!enter(at_, depth) || !count(at_, 0)) return false;
  return *at_ == '[' ? flow_list(out, depth) : flow_map(out, depth);
}

bool YamlReader::flow_node(Node& out, std::size_t depth, bool& plain) {
  Properties own;
  if ((*at_ == '&' || *at_ == '!') && !(properties(own) && next_flow_token())) return false;
  const char* const begin = at_;
  const Counted before = start_anchor(own, depth);
  plain = false;
  switch (*at_) {
  case '[':
  case '{':
    if (!flow_collection(out, depth) || !check_collection_tag(own, out)) return false;
    break;
  case '"':
  case '\'': {
    std::string_view text;
    if (!quoted(text) || !tagged_value(out, text, offset_of(begin), own, false)) return false;
    break;
  }
  case '*':
    if (own.at != nullptr) return complain(own.at, "an alias can have neither anchor nor tag");
    plain = true;
    if (!alias(out, depth)) return false;
    break;
  default:
    plain = true;
    if (own.at != nullptr && (is(*at_, kFlow) || at_flow_colon(true))) {
      if (!tagged_value(out, "", offset_of(own.at), own, true)) return false;
      break;
    }
    if (!plain_in_flow(out, own)) return false;
  }
  finish_anchor(own, before, out, depth);
  return true;
}

bool YamlReader::plain_in_flow(Node& out, const Properties& own) {
  if (at_end()) return complain(at_, "a bracket is not closed before the text ends");
  if (!starts_plain(true)) return complain_of_start();
  const char* const begin = at_;
  const char* stop = find_plain_stop<true>(begin);
  if (!check_flow_plain(begin, stop)) return false;
  std::string_view text = trimmed(begin, stop);
  at_ = stop;
  bool copied = false;
  while (is_break(*stop)) {
    if (!next_flow_token()) return false;
    // Does it go on in the next line?
    if (comment_ || at_end() || is(*at_, kFlow) || at_flow_colon(true)) break;
    if (!copied) scratch_ = text;
    copied = true;
    fold_plain_break(stop);
    stop = find_plain_stop<true>(at_);
    if (!check_flow_plain(begin, stop)) return false;
    scratch_ += trimmed(at_, stop);
    at_ = stop;
  }
  if (copied) text = builder_.keep(scratch_);
  return plain_value(out, text, offset_of(begin), own);
}

bool YamlReader::flow_list(Node& out, std::size_t depth) {
  const char* const begin = at_++;
  const std::size_t open = builder_.open_items();
  while (true) {
    if (!next_flow_token()) return false;
    if (*at_ == ']') break;
    if (at_end()) return complain(begin, "this list never ends", "a \"]\" is missing");
    if (*at_ == ',') return complain(at_, "a value is missing before this comma");
    Node item;
    if (!flow_item(item, depth + 1) || !next_flow_token()) return false;
    builder_.push_item(item);
    if (*at_ == ',') {
      ++at_;
    } else if (at_end()) {
      return complain(begin, "this list never ends", "a \"]\" is missing");
    } else if (*at_ != ']') {
      return complain(at_, "a \",\" or \"]\" is missing before this");
    }
  }
  ++at_;
  out = builder_.finish_list(open, offset_of(begin));
  return true;
}

/// An item of a list: a node, or one "key: value" that is a map of its own.
bool YamlReader::flow_item(Node& out, std::size_t depth) {
  const char* const begin = at_;
  const char* const line = line_;
  Member member;
  bool is_merge = false;
  if (*at_ == '?' && is(at_[1], kBlank | kBreak | kEnd)) {
    bool plain = true;
    if (!flow_key(member, is_merge, depth, plain)) return false;
    if (!next_flow_token()) return false;
    if (!at_flow_colon(plain)) {
      member.value = Node::null(offset_of(begin));
      if (!count(begin, 0)) return false;
    } else if (!flow_value(member.value, depth + 1)) {
      return false;
    }
  } else {
    if (at_flow_colon(true)) return complain(at_, "a key is missing before this \":\"");
    bool plain = true;
    if (!flow_node(out, depth, plain)) return false;
    skip_blanks();
    if (!at_flow_colon(plain)) return true;
    if (line_ != line) {
      return complain(begin, "a key in a list must stand on the line of its \":\"");
    }
    member.key_offset = offset_of(begin);
    is_merge = plain && *begin == '<' && out.is_string() && out.as_string() == "<<";
    if (!make_key(member, out) || !flow_value(member.value, depth + 1)) return false;
  }
  if (!enter(begin, depth) || !count(begin, 0)) return false;
  const std::size_t open = builder_.open_members();
  Merges merges;
  if (is_merge) {
    merges.emplace_back(0, member.value);
  } else {
    builder_.push_member(member);
  }
  return finish_map(out, open, merges, offset_of(begin));
}

bool YamlReader::flow_map(Node& out, std::size_t depth) {
  const char* const begin = at_++;
  const std::size_t open = builder_.open_members();
  Merges merges;
  while (true) {
    if (!next_flow_token()) return false;
    if (*at_ == '}') break;
    if (at_end()) return complain(begin, "this map never ends", "a \"}\" is missing");
    if (*at_ == ',') return complain(at_, "a key is missing before this comma");
    Member member;
    bool is_merge = false;
    bool plain = true;
    if (!flow_key(member, is_merge, depth, plain) || !next_flow_token()) return false;
    if (at_flow_colon(plain)) {
      if (!flow_value(member.value, depth + 1) || !next_flow_token()) return false;
    } else {
      member.value = Node::null(member.key_offset);
      if (!count(at_, 0)) return false;
    }
    if (is_merge) {
      merges.emplace_back(builder_.open_members() - open, member.value);
    } else {
      builder_.push_member(member);
    }
    if (*at_ == ',') {
      ++at_;
    } else if (at_end()) {
      return complain(begin, "this map never ends", "a \"}\" is missing");
    } else if (*at_ != '}') {
      return complain(at_, "a \",\" or \"}\" is missing before this");
    }
  }
  ++at_;
  return finish_map(out, open, merges, offset_of(begin));
}

bool YamlReader::flow_key(Member& key, bool& is_merge, std::size_t depth, bool& plain) {
  if (*at_ == '?' && is(at_[1], kBlank | kBreak | kEnd)) {
    ++at_;
    if (!next_flow_token()) return false;
  }
  if (at_flow_colon(true)) return complain(at_, "a key is missing before this \":\"");
  const char* const begin = at_;
  key.key_offset = offset_of(begin);
  // A plain key on one line, which nearly all are.
  if (starts_plain(true)) {
    const char* const stop = find_plain_stop<true>(begin);
    if (!is_break(*stop)) {
      at_ = stop;
      if (!check_flow_plain(begin, stop)) return false;
      return plain_key(key, is_merge, trimmed(begin, stop), key.key_offset, Properties());
    }
  }
  Node node;
  return flow_node(node, depth + 1, plain) && make_key(key, node);
}

/// What follows the ":" before the reader; nothing is null.
bool YamlReader::flow_value(Node& out, std::size_t depth) {
  const char* const behind = ++at_;
  if (!next_flow_token()) return false;
  if (*at_ == ',' || *at_ == '}' || *at_ == ']') {
    out = Node::null(offset_of(behind));
    return count(behind, 0);
  }
  bool plain = true;
  return flow_node(out, depth, plain);
}

} // namespace allod::manifest
