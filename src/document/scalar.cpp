#include "document/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <re2/re2.h>

namespace allod::document {
namespace {

constexpr std::array<std::string_view, 4> kNulls = {"null", "Null", "NULL", "~"};
constexpr std::array<std::string_view, 3> kTrue = {"true", "True", "TRUE"};
constexpr std::array<std::string_view, 3> kFalse = {"false", "False", "FALSE"};

bool among(const auto& words, std::string_view text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t digits(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end]))
    ++end;
  return end - at;
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_core_float(std::string_view text) {
  std::size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const std::size_t whole = digits(text, at);
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = digits(text, ++at);
    if (whole == 0 && fraction == 0) return false;
    at += fraction;
  } else if (whole == 0) {
    return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const std::size_t exponent = digits(text, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == text.size();
}

std::optional<double> special_float(std::string_view text) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text != ".inf" && text != ".Inf" && text != ".INF") return std::nullopt;
  const double infinity = std::numeric_limits<double>::infinity();
  return negative ? -infinity : infinity;
}

Error too_large(std::string_view text) {
  return Error(ErrorCode::invalid_input, "the number " + std::string(text) + " is too large")
      .with_hint("put it in quotes if it is a text");
}

/// Nothing when the text is no integer of the core schema.
std::optional<Result<Value>> integer(std::string_view text) {
  int base = 10;
  std::string_view body = text;
  const bool signed_text = text.starts_with('-') || text.starts_with('+');
  if (text.starts_with("0x") || text.starts_with("0o")) {
    base = text[1] == 'x' ? 16 : 8;
    body.remove_prefix(2);
  } else if (text.starts_with('+')) {
    body.remove_prefix(1); // from_chars takes no plus
  }
  const std::string_view unsigned_body = signed_text ? text.substr(1) : body;
  if (unsigned_body.empty() || !std::isalnum(static_cast<unsigned char>(unsigned_body[0]))) {
    return std::nullopt;
  }
  std::int64_t number = 0;
  const char* end = body.data() + body.size();
  const auto [rest, fault] = std::from_chars(body.data(), end, number, base);
  if (fault == std::errc::invalid_argument || rest != end) return std::nullopt;
  if (fault == std::errc::result_out_of_range) return Result<Value>(too_large(text));
  return Result<Value>(Value(number));
}

} // namespace

double parse_decimal(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [rest, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc::result_out_of_range) return number;
  // Out of range either way: too small is zero, too large is infinite.
  const std::size_t exponent = text.find_first_of("eE");
  const bool small = exponent != std::string_view::npos
                         ? text.substr(exponent + 1).starts_with('-')
                         : text.find_first_of("123456789") > text.find('.');
  const bool negative = text.starts_with('-');
  const double magnitude = small ? 0.0 : std::numeric_limits<double>::infinity();
  return negative ? -magnitude : magnitude;
}

Result<Value> resolve_core_scalar(std::string_view text) {
  if (text.empty() || among(kNulls, text)) return Value();
  if (among(kTrue, text)) return Value(true);
  if (among(kFalse, text)) return Value(false);
  if (std::optional<Result<Value>> number = integer(text)) return *std::move(number);
  if (is_core_float(text)) {
    const double number = parse_decimal(text);
    if (std::isinf(number)) return too_large(text);
    return Value(number);
  }
  if (const std::optional<double> number = special_float(text)) return Value(*number);
  return Value(text);
}

bool resolves_to_non_string(std::string_view text) {
  // The union of the regular expressions of yaml.org/type for YAML 1.1 (bool, float, int, merge,
  // null, timestamp, value) and of the core schema of 1.2, case ignored to stand on the safe side.
  static const RE2 kAmbiguous("(?i)(|~|null|y|yes|n|no|true|false|on|off|<<|="
                              "|[-+]?[0-9][0-9_]*|[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?0x[0-9a-f_]+"
                              "|[-+]?[0-9_]*\\.?[0-9_]*(e[-+]?[0-9]+)?"
                              "|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\\.[0-9_]*)?"
                              "|[-+]?\\.inf|\\.nan"
                              "|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \\t].*)?)");
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), kAmbiguous);
}

} // namespace allod::document
