#include <gtest/gtest.h>

#include "base/encoding.h"
#include "document/text_lines.h"

namespace allod::document {
namespace {

/// Lines of several lengths, some far longer than a step of the index, with characters of one to
/// four bytes.
std::string sample() {
  std::string text;
  for (const std::size_t length : {0U, 1U, 255U, 256U, 257U, 5000U, 3U}) {
    for (std::size_t i = 0; i < length; ++i)
      text += i % 7 == 0 ? "ä" : i % 11 == 0 ? "\U0001F600" : i % 13 == 0 ? "€" : "x";
    text += length % 2 == 0 ? "\n" : "\r\n";
  }
  return text + "end";
}

TEST(TextLines, FindsLineAndColumnOfEveryByteAndCharacter) {
  const std::string text = sample();
  const TextLines lines(text);
  std::uint32_t line = 1;
  std::size_t start = 0;
  std::size_t character = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i > 0 && text[i - 1] == '\n') {
      ++line;
      start = i;
    }
    if (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    const std::size_t column = utf8_length(std::string_view(text).substr(start, i - start)) + 1;
    const TextLines::Position byte = lines.at_byte(i);
    ASSERT_EQ(byte.line, line) << i;
    ASSERT_EQ(byte.column, column) << i;
    ASSERT_EQ(lines.at_character(character).column, column) << i;
    ASSERT_EQ(lines.byte_of_character(character), i);
    ++character;
  }
}

TEST(TextLines, TakesAnEmptyText) {
  const TextLines lines("");
  EXPECT_EQ(lines.at_byte(7).line, 1U);
  EXPECT_EQ(lines.at_byte(7).column, 1U);
  EXPECT_EQ(lines.byte_of_character(3), 0U);
}

} // namespace
} // namespace allod::document
