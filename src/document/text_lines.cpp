#include "document/text_lines.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/text.h"

namespace allod::document {
namespace {

bool starts_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

constexpr std::size_t kStep = 256;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

} // namespace

TextLines::TextLines(std::string_view text) : text_(text) {
  lines_.emplace_back();
  std::size_t characters = 0;
  counts_.reserve(text.size() / kStep + 1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % kStep == 0) counts_.push_back(characters);
    if (starts_character(text[i])) ++characters;
    const bool carriage = text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    if (text[i] == '\n' || carriage) lines_.push_back(Start{i + 1, characters});
  }
}

std::size_t TextLines::end_of(std::size_t line_index) const {
  std::size_t end = line_index + 1 < lines_.size() ? lines_[line_index + 1].byte : text_.size();
  while (end > lines_[line_index].byte && (text_[end - 1] == '\n' || text_[end - 1] == '\r'))
    --end;
  return end;
}

std::string_view TextLines::line(std::size_t number) const {
  if (number == 0 || number > lines_.size()) return {};
  const std::size_t start = lines_[number - 1].byte;
  return text_.substr(start, end_of(number - 1) - start);
}

TextLines::Position TextLines::at_byte(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto after =
      std::upper_bound(lines_.begin(), lines_.end(), offset,
                       [](std::size_t wanted, const Start& start) { return wanted < start.byte; });
  const Start& start = *std::prev(after);
  return Position{static_cast<std::uint32_t>(after - lines_.begin()),
                  static_cast<std::uint32_t>(characters_before(offset) - start.character + 1)};
}

std::size_t TextLines::characters_before(std::size_t offset) const {
  if (counts_.empty()) return 0;
  const std::size_t step = std::min(offset / kStep, counts_.size() - 1);
  return counts_[step] + utf8_length(text_.substr(step * kStep, offset - step * kStep));
}

TextLines::Position TextLines::at_character(std::size_t index) const {
  const auto after = std::upper_bound(
      lines_.begin(), lines_.end(), index,
      [](std::size_t wanted, const Start& start) { return wanted < start.character; });
  return Position{static_cast<std::uint32_t>(after - lines_.begin()),
                  static_cast<std::uint32_t>(index - std::prev(after)->character + 1)};
}

std::size_t TextLines::byte_of_character(std::size_t index) const {
  if (counts_.empty()) return 0;
  const auto after = std::upper_bound(counts_.begin(), counts_.end(), index);
  const auto step = static_cast<std::size_t>(std::prev(after) - counts_.begin());
  std::size_t at = step * kStep;
  for (std::size_t left = index - counts_[step] + 1; at < text_.size(); ++at) {
    if (starts_character(text_[at]) && --left == 0) break;
  }
  return at;
}

Mark TextLines::mark(std::shared_ptr<const Source> source, Position start, Position end) const {
  std::size_t length = 0;
  if (end.line == start.line) {
    length = end.column > start.column ? end.column - start.column : 0;
  } else {
    const std::size_t whole = utf8_length(line(start.line));
    length = whole + 1 > start.column ? whole + 1 - start.column : 0;
  }
  return Mark{std::move(source), start.line, start.column,
              static_cast<std::uint32_t>(std::max<std::size_t>(length, 1))};
}

Status check_text(const std::string& name, std::string_view text, std::size_t limit) {
  if (text.size() > limit) {
    return Error(ErrorCode::invalid_input, "this text has " + format_size(text.size()) +
                                               ", more than the " + format_size(limit) +
                                               " that are read")
        .at(Place{name, 0, 0, 0});
  }
  const std::size_t bad = invalid_utf8(text);
  if (bad == std::string_view::npos) return {};
  const TextLines::Position position = TextLines(text.substr(0, bad)).at_byte(bad);
  const bool utf16 = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
  return Error(ErrorCode::invalid_input,
               "this is not UTF-8: byte 0x" + to_hex(text.substr(bad, 1)) + " does not belong here")
      .at(Place{name, position.line, position.column, 1})
      .with_hint(utf16 ? "the file is UTF-16: save it as UTF-8" : "save the file as UTF-8");
}

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

} // namespace allod::document
