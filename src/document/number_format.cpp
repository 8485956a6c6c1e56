#include "document/number_format.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace allod::document {
namespace {

std::string zeros(int count) {
  return std::string(static_cast<std::size_t>(count), '0');
}

/// ECMA-262, Number::toString: `digits` with the decimal point behind the first `point` of them.
std::string lay_out(const std::string& digits, int point) {
  const int count = static_cast<int>(digits.size());
  if (point >= count && point <= 21) return digits + zeros(point - count);
  const auto split_at = [&](std::size_t at) {
    return digits.substr(0, at) + "." + digits.substr(at);
  };
  if (point > 0 && point <= 21) return split_at(static_cast<std::size_t>(point));
  if (point > -6 && point <= 0) return "0." + zeros(-point) + digits;
  const int exponent = point - 1;
  const std::string mantissa = count == 1 ? digits : split_at(1);
  return mantissa + "e" + (exponent < 0 ? "-" : "+") + std::to_string(std::abs(exponent));
}

} // namespace

std::string format_ecmascript(double number) {
  if (number == 0) return "0";
  std::array<char, 64> buffer{};
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(number),
                                     std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
  const std::size_t mark = text.find('e');
  std::string digits;
  for (const char c : text.substr(0, mark)) {
    if (c != '.') digits += c;
  }
  std::string_view exponent_text = text.substr(mark + 1);
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  int exponent = 0;
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  return (number < 0 ? "-" : "") + lay_out(digits, exponent + 1);
}

std::string format_number(double number) {
  if (number == 0) return std::signbit(number) ? "-0.0" : "0.0";
  std::string text = format_ecmascript(number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

} // namespace allod::document
