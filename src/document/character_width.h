// How wide a character stands on a terminal, and which characters must not reach one.
#pragma once

#include <string_view>

namespace allod::document {

/// 0, 1 or 2 columns (East Asian Width of Unicode; combining marks take none).
[[nodiscard]] int character_width(char32_t point);

/// Controls and marks of direction: they would let a hostile text steer the terminal or show itself
/// in another order than it is read.
[[nodiscard]] bool is_deceptive(char32_t point);

/// Takes the first code point off a text that is not empty; U+FFFD for a byte that is not UTF-8.
[[nodiscard]] char32_t next_character(std::string_view& text);

} // namespace allod::document
