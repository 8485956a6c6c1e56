// The lines of a text: turns offsets into lines and columns, and gives single lines for excerpts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::document {

class TextLines {
 public:
  struct Position {
    std::uint32_t line = 1;   ///< from 1
    std::uint32_t column = 1; ///< from 1, in code points
  };

  /// Keeps a view of `text`, which must be well-formed UTF-8 for columns to be right and must
  /// outlive this. A line ends with LF, CR LF or CR.
  explicit TextLines(std::string_view text);

  [[nodiscard]] std::size_t count() const { return lines_.size(); }
  /// A line without its break; empty past the end. Lines count from 1.
  [[nodiscard]] std::string_view line(std::size_t number) const;
  [[nodiscard]] Position at_byte(std::size_t offset) const;
  /// Of the code point with this index.
  [[nodiscard]] Position at_character(std::size_t index) const;
  /// The offset of the code point with this index; the text's size past its end.
  [[nodiscard]] std::size_t byte_of_character(std::size_t index) const;

  /// The mark from one position to another, cut at the end of its first line.
  [[nodiscard]] Mark mark(std::shared_ptr<const Source> source, Position start, Position end) const;

 private:
  struct Start {
    std::size_t byte = 0;
    std::size_t character = 0;
  };
  [[nodiscard]] std::size_t end_of(std::size_t line_index) const;
  /// How many code points start before `offset`.
  [[nodiscard]] std::size_t characters_before(std::size_t offset) const;

  std::string_view text_;
  std::vector<Start> lines_;
  /// How many code points start before each kStep bytes: a line may be as long as the text, and
  /// counting from its start for each value would take the square of that.
  std::vector<std::size_t> counts_;
};

/// Checks what every reader checks first: the size, and that the text is UTF-8 (RFC 3629). Errors:
/// invalid_input with the exact place.
Status check_text(const std::string& name, std::string_view text, std::size_t limit);

/// The text without a byte order mark at its start.
[[nodiscard]] std::string_view without_byte_order_mark(std::string_view text);

} // namespace allod::document
