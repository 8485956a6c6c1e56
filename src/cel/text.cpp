#include "cel/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace allod::cel {

namespace {

/// The length that a lead byte announces, with the smallest code point of that length; 0 when it
/// leads nothing.
struct Lead {
  std::uint32_t length;
  char32_t bits;
  char32_t least;
};

Lead read_lead(unsigned char octet) {
  if (octet < 0x80) return {1, octet, 0};
  if ((octet & 0xE0U) == 0xC0U) return {2, octet & 0x1FU, 0x80};
  if ((octet & 0xF0U) == 0xE0U) return {3, octet & 0x0FU, 0x800};
  if ((octet & 0xF8U) == 0xF0U) return {4, octet & 0x07U, 0x10000};
  return {0, 0, 0};
}

} // namespace

CodePoint decode_utf8(std::string_view text) {
  constexpr CodePoint kStray{0xFFFD, 1, false};
  const Lead lead = read_lead(static_cast<unsigned char>(text[0]));
  if (lead.length == 0 || lead.length > text.size()) return kStray;
  char32_t value = lead.bits;
  for (std::uint32_t i = 1; i < lead.length; ++i) {
    if (!is_continuation(text[i])) return kStray;
    value = (value << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < lead.least || value > 0x10FFFF || surrogate) return kStray;
  return {value, lead.length, true};
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto put = [&out](char32_t octet) { out += static_cast<char>(octet); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6U));
    put(0x80 | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12U));
    put(0x80 | ((code_point >> 6U) & 0x3FU));
    put(0x80 | (code_point & 0x3FU));
  } else {
    put(0xF0 | (code_point >> 18U));
    put(0x80 | ((code_point >> 12U) & 0x3FU));
    put(0x80 | ((code_point >> 6U) & 0x3FU));
    put(0x80 | (code_point & 0x3FU));
  }
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char octet) { return static_cast<unsigned char>(octet) < 0x80; });
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    if (!point.valid) return false;
    text.remove_prefix(point.length);
  }
  return true;
}

std::size_t count_code_points(std::string_view text) {
  if (is_ascii(text)) return text.size();
  std::size_t count = 0;
  for (; !text.empty(); ++count)
    text.remove_prefix(decode_utf8(text).length);
  return count;
}

std::optional<std::size_t> offset_of(std::string_view text, std::size_t index) {
  std::size_t offset = 0;
  for (; index > 0; --index) {
    if (offset >= text.size()) return std::nullopt;
    offset += decode_utf8(text.substr(offset)).length;
  }
  return offset;
}

std::string format_double(double value, int scientific_from) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 64> buffer{};
  const auto format = [&](std::chars_format how) {
    const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, how);
    return std::string(buffer.data(), written.ptr);
  };
  const std::string scientific = format(std::chars_format::scientific);
  int exponent = 0;
  const std::size_t mark = scientific.find('e');
  const char* digits = scientific.data() + mark + 1 + (scientific[mark + 1] == '+' ? 1 : 0);
  std::from_chars(digits, scientific.data() + scientific.size(), exponent);
  if (exponent < -4 || exponent >= scientific_from) return scientific;
  return format(std::chars_format::fixed);
}

namespace {

/// The power of ten of the first digit that is not zero.
long decimal_exponent(std::string_view number) {
  const std::size_t mark = std::min(number.find_first_of("eE"), number.size());
  const std::string_view mantissa = number.substr(0, mark);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::size_t first = std::min(mantissa.find_first_of("123456789"), mantissa.size());
  long exponent = static_cast<long>(point) - static_cast<long>(first);
  if (mark + 1 >= number.size()) return exponent;
  std::string_view written = number.substr(mark + 1);
  if (written.starts_with('+')) written.remove_prefix(1);
  long extra = 0;
  const auto read = std::from_chars(written.data(), written.data() + written.size(), extra);
  if (read.ec == std::errc::result_out_of_range)
    extra = written.starts_with('-') ? -2'000'000'000 : 2'000'000'000;
  return exponent + extra;
}

} // namespace

std::optional<double> parse_double(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || digits.starts_with('+')) return std::nullopt;
  if (text.starts_with('+') && digits.starts_with('-')) return std::nullopt;
  double value = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value);
  if (read.ptr != end) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) {
    // Too small becomes zero, as IEEE 754 rounds; too large has no value.
    if (decimal_exponent(digits) > 0) return std::nullopt;
    return digits.starts_with('-') ? -0.0 : 0.0;
  }
  if (read.ec != std::errc()) return std::nullopt;
  return value;
}

namespace {

/// The escape of a control character or quote, or nothing.
std::string escape_of(unsigned char octet) {
  switch (octet) {
  case '\a':
    return "\\a";
  case '\b':
    return "\\b";
  case '\f':
    return "\\f";
  case '\n':
    return "\\n";
  case '\r':
    return "\\r";
  case '\t':
    return "\\t";
  case '\v':
    return "\\v";
  case '\\':
    return "\\\\";
  case '"':
    return "\\\"";
  default:
    return {};
  }
}

std::string hex_escape(unsigned char octet) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return std::string("\\x") + kDigits[octet >> 4U] + kDigits[octet & 0xFU];
}

} // namespace

std::string quote_text(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    const std::string escape =
        point.length == 1 ? escape_of(static_cast<unsigned char>(text[0])) : "";
    if (!point.valid) {
      append_utf8(out, 0xFFFD);
    } else if (!escape.empty()) {
      out += escape;
    } else if (point.value < 0x20 || point.value == 0x7F) {
      out += hex_escape(static_cast<unsigned char>(point.value));
    } else {
      out += text.substr(0, point.length);
    }
    text.remove_prefix(point.length);
  }
  return out + "\"";
}

std::string quote_bytes(std::string_view octets) {
  std::string out = "\"";
  for (const char character : octets) {
    const auto octet = static_cast<unsigned char>(character);
    const std::string escape = escape_of(octet);
    if (!escape.empty()) {
      out += escape;
    } else if (octet < 0x20 || octet >= 0x7F) {
      out += hex_escape(octet);
    } else {
      out += character;
    }
  }
  return out + "\"";
}

} // namespace allod::cel
