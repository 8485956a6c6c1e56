// UTF-8 and number texts: code points, quoting, the shortest form of a double.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace allod::cel {

[[nodiscard]] inline bool is_continuation(char octet) {
  return (static_cast<unsigned char>(octet) & 0xC0U) == 0x80U;
}

/// Reads one code point at the front of a text that is not empty. A byte that starts no valid
/// sequence (RFC 3629) counts as one code point, U+FFFD, of length 1 with `valid` off.
struct CodePoint {
  char32_t value = 0;
  std::uint32_t length = 1;
  bool valid = true;
};
[[nodiscard]] CodePoint decode_utf8(std::string_view text);

/// Appends the UTF-8 of a code point.
void append_utf8(std::string& out, char32_t code_point);

[[nodiscard]] bool is_utf8(std::string_view text);
[[nodiscard]] bool is_ascii(std::string_view text);
/// The number of code points.
[[nodiscard]] std::size_t count_code_points(std::string_view text);
/// The byte offset of the code point at `index`, which may be the end; nothing when it is beyond.
[[nodiscard]] std::optional<std::size_t> offset_of(std::string_view text, std::size_t index);

/// The shortest decimal text that reads back as the same double: "1.5", "1e+21", "NaN", "+Inf",
/// "-Inf". Powers of ten below -4 and from `scientific_from` on have an exponent; by default whole
/// numbers stay readable as far as JSON writers usually print them.
[[nodiscard]] std::string format_double(double value, int scientific_from = 21);
/// A whole text as a double: decimal with exponent, "NaN", "inf", "+Infinity"…; nothing when it is
/// none or does not fit.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

/// In double quotes, with escapes that CEL reads.
[[nodiscard]] std::string quote_text(std::string_view text);
[[nodiscard]] std::string quote_bytes(std::string_view octets);

} // namespace allod::cel
