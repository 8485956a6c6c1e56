#include "manifest/text_scan.h"

#include <algorithm>

namespace allod::manifest {
namespace {

constexpr bool continues(unsigned char byte) {
  return (byte & 0xC0U) == 0x80U;
}

/// Decodes one character of two and more bytes. Returns its length, 0 when it is malformed.
std::size_t decode(const char* at, const char* end, std::uint32_t& code_point) {
  const auto byte = [at](std::size_t i) { return static_cast<unsigned char>(at[i]); };
  const auto left = static_cast<std::size_t>(end - at);
  const unsigned char first = byte(0);
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || left < length) return 0;
  code_point = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(byte(i))) return 0;
    code_point = (code_point << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < kLeast[length] || surrogate || code_point > 0x10FFFF) return 0;
  return length;
}

} // namespace

std::size_t find_unacceptable(std::string_view text, Controls controls) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    at = skip_plain_ascii(at, end);
    if (at >= end) return std::string_view::npos;
    const auto byte = static_cast<unsigned char>(*at);
    const auto here = static_cast<std::size_t>(at - text.data());
    if (byte < 0x80) {
      const bool control =
          byte < 0x20 ? byte != '\t' && byte != '\n' && byte != '\r' : byte == 0x7f;
      if (control && controls != Controls::allowed) return here;
      ++at;
      continue;
    }
    std::uint32_t code_point = 0;
    const std::size_t length = decode(at, end, code_point);
    if (length == 0) return here;
    if (controls == Controls::unambiguous &&
        (code_point == 0x85 || code_point == 0x2028 || code_point == 0x2029)) {
      return here;
    }
    if (controls != Controls::allowed) {
      const bool c1 = code_point < 0xA0 && code_point != 0x85;
      if (c1 || code_point == 0xFFFE || code_point == 0xFFFF) return here;
    }
    at += length;
  }
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return !continues(static_cast<unsigned char>(c)); }));
}

std::size_t count_line_feeds(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::size_t write_utf8(std::uint32_t code_point, char* out) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (code_point < 0x80) {
    out[0] = byte(code_point);
    return 1;
  }
  if (code_point < 0x800) {
    out[0] = byte(0xC0 | (code_point >> 6U));
    out[1] = byte(0x80 | (code_point & 0x3FU));
    return 2;
  }
  if (code_point < 0x10000) {
    out[0] = byte(0xE0 | (code_point >> 12U));
    out[1] = byte(0x80 | ((code_point >> 6U) & 0x3FU));
    out[2] = byte(0x80 | (code_point & 0x3FU));
    return 3;
  }
  out[0] = byte(0xF0 | (code_point >> 18U));
  out[1] = byte(0x80 | ((code_point >> 12U) & 0x3FU));
  out[2] = byte(0x80 | ((code_point >> 6U) & 0x3FU));
  out[3] = byte(0x80 | (code_point & 0x3FU));
  return 4;
}

} // namespace allod::manifest
