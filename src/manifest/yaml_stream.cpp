// Documents, directives, tokens, complaints.
#include <algorithm>

#include "manifest/complaint.h"
#include "manifest/yaml_reader.h"

namespace allod::manifest {

const std::array<std::uint8_t, 256> YamlReader::kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  const auto mark = [&classes](std::string_view characters, std::uint8_t bits) {
    for (const char c : characters)
      classes[static_cast<unsigned char>(c)] |= bits;
  };
  mark(" \t", kBlank);
  mark("\n\r", kBreak);
  classes[0] |= kEnd;
  mark(",[]{}", kFlow);
  mark(",[]{}#&*!|>'\"%@`", kIndicator);
  return classes;
}();

YamlReader::YamlReader(Document& document, const Limits& limits, Schema schema)
    : document_(document), limits_(limits), schema_(schema), builder_(document.arena()),
      start_(document.text().data()), end_(start_ + document.text().size()), at_(start_),
      line_(start_) {}

std::vector<Error> YamlReader::read() {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (document_.text().starts_with(kByteOrderMark)) {
    at_ += kByteOrderMark.size();
    line_ = at_;
  }
  constexpr std::size_t kMostErrors = 20;
  std::vector<Error> errors;
  while (!documents()) {
    errors.push_back(*std::move(error_));
    error_.reset();
    if (errors.size() == kMostErrors || !skip_to_next_document()) break;
  }
  return errors;
}

/// After a complaint: to the next line with ---. False when there is none.
bool YamlReader::skip_to_next_document() {
  const std::string_view text = document_.text();
  // The fault may be a line with --- itself, where it cuts a text in quotes.
  std::size_t from = error_offset_ == 0 ? 0 : error_offset_ - 1;
  while ((from = text.find("\n---", from)) != std::string_view::npos) {
    at_ = line_ = start_ + ++from;
    if (!is_marker(at_)) continue;
    marker_ = false;
    builder_.clear();
    anchors_.clear();
    tag_handles_.clear();
    deepest_ = 0;
    return true;
  }
  return false;
}

bool YamlReader::documents() {
  bool bare_may_start = true; // a document without --- before it
  next_token();
  while (!at_end()) {
    if (marker_ && *at_ == '.') {
      at_ += 3;
      marker_ = false;
      if (!end_line()) return false;
      bare_may_start = true;
      continue;
    }
    if (!marker_ && *at_ == '%' && at_ == line_ && bare_may_start && !directives()) return false;
    if (marker_) {
      at_ += 3;
      marker_ = false;
      next_token();
    } else if (!bare_may_start) {
      return complain(at_, "a document cannot start here", "separate documents by a line with ---");
    }
    if (!document()) return false;
    if (!document_ends()) {
      return complain(at_, "this line is not indented like what it belongs to",
                      "indent it like the lines above, or separate documents by a line with ---");
    }
    bare_may_start = false;
  }
  return true;
}

bool YamlReader::document() {
  if (!anchors_.empty()) anchors_.clear();
  Node root = Node::null(offset_of(at_));
  if (!document_ends()) {
    Context context;
    context.block = fresh_; // not on the line of ---
    if (!block_node(root, context, 1)) return false;
  }
  document_.mutable_roots().push_back(root);
  if (!tag_handles_.empty()) tag_handles_.clear();
  return true;
}

/// "l-directive"s, and the --- that must follow.
bool YamlReader::directives() {
  bool has_version = false;
  while (*at_ == '%' && at_ == line_ && !at_end()) {
    const char* const begin = at_;
    const char* const stop = find_any<'\n', '\r'>(at_);
    std::string_view line(begin, static_cast<std::size_t>(stop - begin));
    if (const std::size_t comment = line.find(" #"); comment != std::string_view::npos) {
      line = line.substr(0, comment);
    }
    if (line.starts_with("%YAML ")) {
      if (has_version) return complain(begin, "a second %YAML directive");
      has_version = true;
    }
    if (!directive(line, begin)) return false;
    at_ = stop;
    next_token();
  }
  if (marker_ && *at_ == '-') return true;
  return complain(at_, "a line with --- is missing after the directives");
}

bool YamlReader::directive(std::string_view line, const char* at) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin < line.size();) {
    begin = line.find_first_not_of(" \t", begin);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = end;
  }
  if (words[0] == "%YAML") {
    const bool known = words.size() == 2 && words[1].size() >= 3 && words[1].starts_with("1.") &&
                       words[1].find_first_not_of("0123456789", 2) == std::string_view::npos;
    return known || complain(at, "this version of YAML is not known", "leave out %YAML");
  }
  if (words[0] != "%TAG") return true; // "should be ignored"
  const bool well_formed =
      words.size() == 3 && words[1].starts_with('!') && words[1].ends_with('!');
  if (!well_formed) return complain(at, "%TAG needs a handle and a prefix");
  for (const auto& [handle, prefix] : tag_handles_) {
    if (handle == words[1]) return complain(at, "a second %TAG directive for the same handle");
  }
  tag_handles_.emplace_back(words[1], words[2]);
  return true;
}

void YamlReader::next_token() {
  fresh_ = at_ == line_;
  comment_ = false;
  tab_ = nullptr;
  while (true) {
    if (at_ == line_ && is_marker(at_)) {
      marker_ = true;
      column_ = -1;
      return;
    }
    while (*at_ == ' ')
      ++at_;
    const char* const after_spaces = at_;
    if (*at_ == '\t') {
      tab_ = at_;
      skip_blanks();
    }
    if (*at_ == '#') { // also right behind a quote or bracket, as libyaml and kubectl have it
      comment_ = true;
      at_ = find_any<'\n', '\r'>(at_);
    }
    if (!is_break(*at_)) {
      column_ = at_end() ? -1 : static_cast<int>((fresh_ ? after_spaces : at_) - line_);
      return;
    }
    at_ = after_break(at_);
    line_ = at_;
    fresh_ = true;
    tab_ = nullptr;
  }
}

bool YamlReader::starts_plain(bool flow) const {
  const char c = *at_;
  if (is(c, kIndicator | kEnd)) return false;
  if (c != '-' && c != '?' && c != ':') return true;
  return !is(at_[1], kBlank | kBreak | kEnd | (flow ? kFlow : 0U));
}

bool YamlReader::count_repeated(const char* at, std::size_t nodes, std::size_t bytes) {
  nodes_ += nodes;
  bytes_ += bytes;
  repeated_nodes_ += nodes;
  repeated_bytes_ += bytes;
  if (repeated_nodes_ <= limits_.repeated_nodes && repeated_bytes_ <= limits_.repeated_bytes) {
    return true;
  }
  return complain(at, "aliases repeat more than can be right: over " +
                          (repeated_nodes_ > limits_.repeated_nodes
                               ? std::to_string(limits_.repeated_nodes) + " values"
                               : std::to_string(limits_.repeated_bytes) + " bytes of text"));
}

bool YamlReader::complain(const char* at, std::string message, std::string hint) {
  if (!error_) {
    error_ = complaint(document_, offset_of(at), std::move(message), std::move(hint));
    error_offset_ = offset_of(at);
  }
  return false;
}

bool YamlReader::complain_of_repetition(const Member& first, const Member& second) {
  if (!error_) {
    error_ = repeated_key(document_, first, second);
    error_offset_ = second.key_offset;
  }
  return false;
}

bool YamlReader::complain_of_number(const char* at) {
  return complain(at, too_many_values(limits_));
}

bool YamlReader::complain_of_depth(const char* at) {
  return complain(at, too_deep(limits_));
}

bool YamlReader::complain_of_tab(const char* tab) {
  return complain(tab, "a tab cannot indent a line", "use spaces");
}

bool YamlReader::complain_of_colon(const char* at) {
  return complain(at, "a \":\" cannot stand here",
                  "put the text in quotes if the colon belongs to it, or check the indentation");
}

/// kubectl reads some texts in brackets otherwise than YAML 1.2 does. Whoever is judged could hide
/// something there, so they are refused.
bool YamlReader::check_flow_plain(const char* begin, const char* stop) {
  if (schema_ == Schema::core) return true;
  const std::string hint = "put the text in quotes, or a space behind the sign";
  if (*begin == '?') {
    return complain(begin, "this \"?\" is part of the text for some readers only", hint);
  }
  if (*stop == ':' && is(stop[1], kFlow)) {
    return complain(stop, "this \":\" is part of the text for some readers only", hint);
  }
  return true;
}

bool YamlReader::complain_of_indentation(const char* what) {
  if (tab_ != nullptr) return complain_of_tab(tab_);
  return complain(at_, std::string("this line is not indented like the ") + what +
                           " that it belongs to");
}

bool YamlReader::complain_of_start() {
  if (at_end()) return complain(at_, "a value is missing here");
  const std::string what = "\"" + std::string(at_, 1) + "\" cannot start a value";
  switch (*at_) {
  case '@':
  case '`':
  case '%':
  case '&':
  case '*':
  case '!':
  case '|':
  case '>':
    return complain(at_, what, "put the text in quotes");
  case ']':
  case '}':
    return complain(at_, what, "the opening bracket is missing; put it in quotes if it is a text");
  case '-':
    return complain(at_, "a list cannot start here", "start the list on a line of its own");
  default:
    return complain(at_, what);
  }
}

std::vector<Error> read_yaml_documents(Document& document, const Limits& limits, Schema schema) {
  document.mutable_roots().clear();
  document.set_is_json(false);
  // kubectl reads YAML 1.1: where that and 1.2 would see different lines, nothing is guessed.
  const Controls controls = schema == Schema::kubernetes ? Controls::unambiguous : Controls::none;
  if (Status checked = check_text(document, limits, controls); !checked) {
    return {std::move(checked).error()};
  }
  return YamlReader(document, limits, schema).read();
}

Status read_yaml(Document& document, const Limits& limits, Schema schema) {
  std::vector<Error> errors = read_yaml_documents(document, limits, schema);
  if (errors.empty()) return {};
  return std::move(errors.front());
}

} // namespace allod::manifest
