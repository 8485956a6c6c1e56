#include "document/mark_within.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/encoding.h"
#include "document/character_width.h"
#include "document/text_lines.h"

namespace allod::document {
namespace {

/// The bytes of the code points before this column (from 1).
std::size_t byte_of_column(std::string_view line, std::uint32_t column) {
  std::string_view rest = line;
  for (std::uint32_t i = 1; i < column && !rest.empty(); ++i)
    (void)next_character(rest);
  return line.size() - rest.size();
}

/// How many bytes of a double-quoted source one escape takes, backslash included.
std::size_t escape_length(std::string_view source) {
  if (source.size() < 2) return source.size();
  switch (source[1]) {
  case 'x':
    return 4;
  case 'u': {
    // A surrogate pair is one character.
    const bool high = source.size() >= 12 && (source[2] == 'd' || source[2] == 'D') &&
                      std::string_view("89abAB").find(source[3]) != std::string_view::npos;
    return high ? 12 : 6;
  }
  case 'U':
    return 10;
  default:
    return 2;
  }
}

std::size_t character_bytes(std::string_view text) {
  std::string_view rest = text;
  (void)next_character(rest);
  return text.size() - rest.size();
}

/// Where `offset` of a value stands in its one-line source: each step takes one character of the
/// value and what it was written as. Nothing when they do not match.
std::optional<std::size_t> follow(std::string_view source, std::string_view value,
                                  std::size_t offset, char quote) {
  std::size_t at = 0;
  std::size_t done = 0;
  while (done < offset && done < value.size() && at < source.size()) {
    const std::size_t bytes = character_bytes(value.substr(done));
    if (quote == '"' && source[at] == '\\') {
      at += escape_length(source.substr(at));
    } else if (source.substr(at, bytes) != value.substr(done, bytes)) {
      return std::nullopt;
    } else {
      at += bytes + (quote == '\'' && source[at] == '\'' ? 1U : 0U);
    }
    done += bytes;
  }
  if (done < offset || at > source.size()) return std::nullopt;
  return at;
}

/// In a "|" scalar the lines of the value are those of the source, indented.
Mark within_block(const Mark& mark, const TextLines& lines, std::string_view value,
                  std::size_t offset, std::uint32_t characters) {
  const std::string_view before = value.substr(0, offset);
  const auto breaks = static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t start = breaks == 0 ? 0 : before.rfind('\n') + 1;
  const std::string_view line = value.substr(start, value.find('\n', start) - start);
  const std::string_view source = lines.line(mark.line + 1 + breaks);
  if (!source.ends_with(line)) return mark;
  const std::size_t indentation = utf8_length(source.substr(0, source.size() - line.size()));
  const std::size_t column = indentation + utf8_length(value.substr(start, offset - start)) + 1;
  return Mark{mark.source, mark.line + 1 + breaks, static_cast<std::uint32_t>(column), characters};
}

} // namespace

Mark mark_within(const Value& text, std::size_t offset, std::size_t length) {
  const Mark& mark = text.mark();
  if (!mark.source || mark.line == 0 || !text.is_string()) return mark;
  const std::string_view value = text.as_string();
  if (offset > value.size()) return mark;
  const std::string_view part = value.substr(offset, length);
  const auto characters = static_cast<std::uint32_t>(
      std::max<std::size_t>(utf8_length(part.substr(0, part.find('\n'))), 1));
  const TextLines lines(mark.source->text);
  const std::string_view line = lines.line(mark.line);
  const std::string_view source = line.substr(byte_of_column(line, mark.column));
  if (source.empty()) return mark;
  if (source.front() == '|') return within_block(mark, lines, value, offset, characters);
  const bool quoted = source.front() == '"' || source.front() == '\'';
  const std::size_t skip = quoted ? 1 : 0;
  const auto at = follow(source.substr(skip), value, offset, quoted ? source.front() : ' ');
  if (!at) return mark;
  const std::size_t column = mark.column + utf8_length(source.substr(0, skip + *at));
  return Mark{mark.source, mark.line, static_cast<std::uint32_t>(column), characters};
}

} // namespace allod::document
