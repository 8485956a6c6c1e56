// Scalars that do not stand in the text as they are: quoted, folded, literal.
#include <algorithm>
#include <charconv>

#include "manifest/yaml_reader.h"

namespace allod::manifest {

bool YamlReader::quoted(std::string_view& out) {
  const char* const begin = at_;
  const char quote = *begin;
  const char* const stop = quote == '"' ? find_any<'"', '\\', '\n', '\r'>(begin + 1)
                                        : find_any<'\'', '\n', '\r'>(begin + 1);
  if (*stop == quote && !(quote == '\'' && stop[1] == quote)) {
    out = {begin + 1, static_cast<std::size_t>(stop - begin - 1)};
    at_ = stop + 1;
    return true;
  }
  return quote == '"' ? double_quoted_rest(begin, stop, out) : single_quoted_rest(begin, stop, out);
}

bool YamlReader::double_quoted_rest(const char* begin, const char* stop, std::string_view& out) {
  scratch_.assign(begin + 1, stop);
  std::size_t keep = 0; // so many bytes may not be trimmed: blanks that were written as escapes
  while (*stop != '"') {
    const char* next = stop;
    if (*stop == '\\') {
      if (!double_escape(next)) return false;
      keep = scratch_.size();
    } else if (is_break(*stop)) {
      if (!fold_quoted_break(next, keep)) return false;
      keep = scratch_.size();
    } else {
      return complain(begin, "this quoted text never ends");
    }
    stop = find_any<'"', '\\', '\n', '\r'>(next);
    scratch_.append(next, stop);
  }
  out = builder_.keep(scratch_);
  at_ = stop + 1;
  return true;
}

bool YamlReader::single_quoted_rest(const char* begin, const char* stop, std::string_view& out) {
  scratch_.assign(begin + 1, stop);
  while (*stop != '\'' || stop[1] == '\'') {
    const char* next = stop;
    if (*stop == '\'') {
      scratch_ += '\'';
      next = stop + 2;
    } else if (is_break(*stop)) {
      if (!fold_quoted_break(next, 0)) return false;
    } else {
      return complain(begin, "this quoted text never ends");
    }
    stop = find_any<'\'', '\n', '\r'>(next);
    scratch_.append(next, stop);
  }
  out = builder_.keep(scratch_);
  at_ = stop + 1;
  return true;
}

/// "s-flow-folded": a line break is a space, more than one are one less. `at` moves to the next
/// line's content. Blanks before the break go, as far as `keep` allows.
bool YamlReader::fold_quoted_break(const char*& at, std::size_t keep) {
  std::size_t length = scratch_.size();
  while (length > keep && is_blank(scratch_[length - 1]))
    --length;
  scratch_.resize(length);
  std::size_t breaks = 0;
  while (is_break(*at)) {
    ++breaks;
    at = after_break(at);
    line_ = at;
    if (is_marker(at)) {
      return complain(at, "a quoted text is cut by the start or end of a document");
    }
    while (is_blank(*at))
      ++at;
  }
  if (breaks == 1) {
    scratch_ += ' ';
  } else {
    scratch_.append(breaks - 1, '\n');
  }
  return true;
}

bool YamlReader::hex_escape(const char*& at, unsigned digits, std::uint32_t& out) {
  const auto [end, fault] = std::from_chars(at, at + digits, out, 16);
  if (fault != std::errc() || end != at + digits) {
    return complain(at, "an escape lacks its hex digits",
                    "write \\\\ for a backslash, or use single quotes");
  }
  at = end;
  return true;
}

/// One escape of a text in double quotes ("c-ns-esc-char").
bool YamlReader::double_escape(const char*& at) {
  const char* const begin = at++;
  if (is_break(*at)) {
    // The break goes without a trace, further ones stay.
    at = after_break(at);
    line_ = at;
    while (true) {
      if (is_marker(line_) && at == line_) {
        return complain(at, "a quoted text is cut by the start or end of a document");
      }
      while (is_blank(*at))
        ++at;
      if (!is_break(*at)) return true;
      scratch_ += '\n';
      at = after_break(at);
      line_ = at;
    }
  }
  struct Simple {
    char name;
    std::string_view text;
  };
  static constexpr Simple kSimple[] = {{'0', std::string_view("\0", 1)},
                                       {'a', "\a"},
                                       {'b', "\b"},
                                       {'t', "\t"},
                                       {'\t', "\t"},
                                       {'n', "\n"},
                                       {'v', "\v"},
                                       {'f', "\f"},
                                       {'r', "\r"},
                                       {'e', "\x1b"},
                                       {' ', " "},
                                       {'"', "\""},
                                       {'\'', "'"},
                                       {'/', "/"},
                                       {'\\', "\\"},
                                       {'N', "\xC2\x85"},
                                       {'_', "\xC2\xA0"},
                                       {'L', "\xE2\x80\xA8"},
                                       {'P', "\xE2\x80\xA9"}};
  for (const Simple& simple : kSimple) {
    if (simple.name != *at) continue;
    scratch_ += simple.text;
    ++at;
    return true;
  }
  const unsigned digits = *at == 'x' ? 2 : *at == 'u' ? 4 : *at == 'U' ? 8 : 0;
  if (digits == 0) {
    return complain(begin, "an unknown escape in a quoted text",
                    "write \\\\ for a backslash, or use single quotes");
  }
  ++at;
  std::uint32_t code_point = 0;
  if (!hex_escape(at, digits, code_point)) return false;
  if (digits == 4 && code_point >= 0xD800 && code_point <= 0xDBFF && at[0] == '\\' &&
      at[1] == 'u') {
    // A pair, as JSON writes characters beyond U+FFFF.
    at += 2;
    std::uint32_t low = 0;
    if (!hex_escape(at, 4, low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return complain(begin, "half of a surrogate pair");
    code_point = 0x10000 + ((code_point - 0xD800) << 10U) + (low - 0xDC00);
  }
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) {
    return complain(begin, "an escape names no Unicode character");
  }
  char encoded[4];
  scratch_.append(encoded, write_utf8(code_point, encoded));
  return true;
}

/// "|" and ">" with what follows. Leaves the reader at the start of a line, or at the end.
bool YamlReader::block_text(std::string_view& out, int parent) {
  const bool literal = *at_++ == '|';
  char chomping = '\0';
  int given = 0;
  while (*at_ == '+' || *at_ == '-' || (*at_ >= '0' && *at_ <= '9')) {
    const bool digit = *at_ != '+' && *at_ != '-';
    if (*at_ == '0') return complain(at_, "an indentation of 0 cannot be asked for");
    if (digit ? given != 0 : chomping != '\0') {
      return complain(at_, "nothing but a comment can follow here");
    }
    if (digit) {
      given = *at_ - '0';
    } else {
      chomping = *at_;
    }
    ++at_;
  }
  const char* const indicators_end = at_;
  skip_blanks();
  if (*at_ == '#' && at_ > indicators_end) at_ = find_any<'\n', '\r'>(at_);
  if (!is(*at_, kBreak | kEnd)) return complain(at_, "nothing but a comment can follow here");
  if (is_break(*at_)) at_ = after_break(at_);
  line_ = at_;
  scratch_.clear();
  const int least = parent < 0 ? 0 : parent;
  int indentation = least + given;
  if (given == 0 && !find_indentation(indentation, parent)) return false;
  block_text_lines(literal, indentation, chomping);
  out = builder_.keep(scratch_);
  return true;
}

/// The indentation of the first line that is not blank, which must be deeper than `parent`'s.
bool YamlReader::find_indentation(int& indentation, int parent) {
  int longest_blank = 0;
  const char* longest_line = at_;
  for (const char* at = at_;;) {
    const char* const line = at;
    while (*at == ' ')
      ++at;
    const int spaces = static_cast<int>(at - line);
    if (is_break(*at)) {
      if (spaces > longest_blank) {
        longest_blank = spaces;
        longest_line = line;
      }
      at = after_break(at);
      continue;
    }
    if (*at == '\t' && spaces <= parent) return complain_of_tab(at);
    const bool ends = at >= end_ || spaces <= parent || (spaces == 0 && is_marker(line));
    if (at >= end_) longest_blank = std::max(longest_blank, spaces);
    indentation = ends ? std::max(parent + 1, longest_blank) : spaces;
    if (longest_blank <= indentation) return true;
    return complain(longest_line, "this blank line is indented deeper than the text that follows",
                    "remove its spaces");
  }
}

/// Appends the lines from the reader's place on to scratch_.
void YamlReader::block_text_lines(bool literal, int indentation, char chomping) {
  bool has_break = false; // the last line of content ended with one
  bool was_blank = false; // the last line of content started with a blank
  std::size_t empty = 0;  // empty lines since then
  while (at_ < end_) {
    const char* at = at_;
    while (*at == ' ' && at - at_ < indentation)
      ++at;
    if (is_break(*at)) {
      ++empty;
      at_ = line_ = after_break(at);
      continue;
    }
    if (at >= end_) {
      at_ = at; // spaces before the end
      break;
    }
    if (at - at_ < indentation || (indentation == 0 && is_marker(at_))) break;
    const bool blank = is_blank(*at);
    if (has_break) {
      const bool folds = !literal && !was_blank && !blank;
      if (!folds) {
        scratch_ += '\n';
      } else if (empty == 0) {
        scratch_ += ' ';
      }
    }
    scratch_.append(empty, '\n');
    empty = 0;
    was_blank = blank;
    const char* const stop = find_any<'\n', '\r'>(at);
    scratch_.append(at, stop);
    has_break = is_break(*stop);
    at_ = has_break ? after_break(stop) : stop;
    if (has_break) line_ = at_;
  }
  if (chomping != '-' && has_break) scratch_ += '\n';
  if (chomping == '+') scratch_.append(empty, '\n');
}

/// The line breaks between `stop` and the reader, folded, to scratch_.
void YamlReader::fold_plain_break(const char* stop) {
  std::size_t breaks = 0;
  for (const char* at = stop; at < at_;) {
    if (is_break(*at)) {
      ++breaks;
      at = after_break(at);
    } else {
      ++at;
    }
  }
  if (breaks == 1) {
    scratch_ += ' ';
  } else {
    scratch_.append(breaks - 1, '\n');
  }
}

} // namespace allod::manifest
