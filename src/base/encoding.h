// Texts for bytes: hexadecimal, base64 and base64url (RFC 4648), PEM bodies and UTF-8 checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace allod {

using Bytes = std::vector<std::uint8_t>;

[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::string to_hex(const Bytes& bytes);
Result<Bytes> from_hex(std::string_view text);

/// With padding, no line breaks (RFC 4648 section 4).
[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::string to_base64(const Bytes& bytes);
/// Strict: padding required, no white space.
Result<Bytes> from_base64(std::string_view text);
/// Without padding (RFC 4648 section 5).
[[nodiscard]] std::string to_base64url(const Bytes& bytes);

/// "%XX" for every byte but ASCII letters and digits and those in `kept` (RFC 3986 section 2.1).
[[nodiscard]] std::string percent_encode(std::string_view text, std::string_view kept);
[[nodiscard]] Bytes to_bytes(std::string_view text);
[[nodiscard]] std::string_view as_text(const Bytes& bytes);

/// The offset of the first byte that is not well-formed UTF-8 (RFC 3629), or npos.
[[nodiscard]] std::size_t invalid_utf8(std::string_view text);
/// Code points in a well-formed text.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

} // namespace allod
