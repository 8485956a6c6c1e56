// One line of a text as it stands on a terminal, with a span of it located.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace allod::document {

struct Excerpt {
  std::string text;       ///< tabs spread, deceptive characters replaced, cropped to the width
  std::size_t offset = 0; ///< columns before the span
  std::size_t length = 1; ///< columns of the span, at least 1
};

/// `column` (from 1) and `length` count code points of `line`; `width` is what may be used, in
/// columns.
[[nodiscard]] Excerpt make_excerpt(std::string_view line, std::uint32_t column,
                                   std::uint32_t length, std::size_t width);

/// A text without anything that steers a terminal; line breaks stay when `lines` says so.
[[nodiscard]] std::string printable(std::string_view text, bool lines = false);

} // namespace allod::document
