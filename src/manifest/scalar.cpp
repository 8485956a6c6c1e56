#include "manifest/scalar.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace allod::manifest {
namespace {

/// What the first byte of a plain scalar lets it be.
enum class Hint : std::uint8_t { text, word, number };

constexpr std::array<Hint, 256> kHints = [] {
  std::array<Hint, 256> hints{};
  for (const char c : std::string_view("yYnNtTfFoO~"))
    hints[static_cast<unsigned char>(c)] = Hint::word;
  for (const char c : std::string_view("+-.0123456789"))
    hints[static_cast<unsigned char>(c)] = Hint::number;
  return hints;
}();

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool among(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

std::optional<Node> word(std::string_view text, std::uint32_t offset, Schema schema) {
  const bool kubernetes = schema == Schema::kubernetes;
  switch (text.size()) {
  case 1:
    if (text == "~") return Node::null(offset);
    if (kubernetes && (text == "y" || text == "Y")) return Node::boolean(true, offset);
    if (kubernetes && (text == "n" || text == "N")) return Node::boolean(false, offset);
    break;
  case 2:
    if (kubernetes && among(text, {"on", "On", "ON"})) return Node::boolean(true, offset);
    if (kubernetes && among(text, {"no", "No", "NO"})) return Node::boolean(false, offset);
    break;
  case 3:
    if (kubernetes && among(text, {"yes", "Yes", "YES"})) return Node::boolean(true, offset);
    if (kubernetes && among(text, {"off", "Off", "OFF"})) return Node::boolean(false, offset);
    break;
  case 4:
    if (among(text, {"true", "True", "TRUE"})) return Node::boolean(true, offset);
    if (among(text, {"null", "Null", "NULL"})) return Node::null(offset);
    break;
  case 5:
    if (among(text, {"false", "False", "FALSE"})) return Node::boolean(false, offset);
    break;
  default:
    break;
  }
  return std::nullopt;
}

std::optional<Node> special_number(std::string_view text, std::uint32_t offset) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (among(text, {".nan", ".NaN", ".NAN"})) {
    return Node::number(std::numeric_limits<double>::quiet_NaN(), offset);
  }
  if (among(text, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"})) {
    return Node::number(kInfinity, offset);
  }
  if (among(text, {"-.inf", "-.Inf", "-.INF"})) return Node::number(-kInfinity, offset);
  return std::nullopt;
}

struct Digits {
  bool negative = false;
  int base = 10;
  std::string_view digits;
};

/// All of `digits` as a number of 64 bits without a sign; nothing when it is none or too large.
std::optional<std::uint64_t> natural(std::string_view digits, int base) {
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, fault] = std::from_chars(digits.data(), end, value, base);
  if (fault != std::errc() || stop != end || digits.empty()) return std::nullopt;
  return value;
}

/// [-+]? ( [0-9]+ ( . [0-9]* )? | . [0-9]+ ) ( [eE] [-+]? [0-9]+ )?
bool is_decimal(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && is_digit(text[at]))
      ++at;
    return at - first;
  };
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  std::size_t count = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    count += digits();
  }
  if (count == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

/// Of a text that is_decimal(); nothing when it is too large.
std::optional<double> decimal(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault == std::errc()) return value;
  // Either too large or too small to hold; the latter is nothing.
  const std::size_t exponent = text.find_first_of("eE");
  const bool small = exponent != std::string_view::npos
                         ? text[exponent + 1] == '-'
                         : text.find_first_of("123456789") > text.find('.');
  if (small) return 0.0;
  return std::nullopt;
}

/// A number as it arrives at Kubernetes, which knows it only after it was written as JSON: a whole
/// one is an integer however it was written.
Node json_number(double value, std::uint32_t offset) {
  constexpr double kBound = 9223372036854775808.0; // 2^63
  if (value == std::trunc(value) && value > -kBound && value < kBound) {
    return Node::integer(static_cast<std::int64_t>(value), offset);
  }
  return Node::number(value, offset);
}

Node integer_or_number(bool negative, std::uint64_t magnitude, std::uint32_t offset) {
  constexpr std::uint64_t kLeast = 1ULL << 63U; // the magnitude of the least integer
  if (negative && magnitude == kLeast) {
    return Node::integer(std::numeric_limits<std::int64_t>::min(), offset);
  }
  if (magnitude < kLeast) {
    const auto value = static_cast<std::int64_t>(magnitude);
    return Node::integer(negative ? -value : value, offset);
  }
  return Node::number(static_cast<double>(magnitude), offset);
}

/// Sign and base as Go's strconv.ParseInt takes them apart for base 0.
Digits take_apart(std::string_view text) {
  Digits result;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    result.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.size() > 1 && text[0] == '0') {
    const char mark = static_cast<char>(text[1] | 0x20);
    result.base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  result.digits = text;
  return result;
}

std::optional<Node> kubernetes_number(std::string_view text, std::uint32_t offset) {
  if (std::optional<Node> special = special_number(text, offset)) return special;
  std::string without;
  if (text.find('_') != std::string_view::npos) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '_') {
        without += text[i];
      } else if (text[0] == '.' &&
                 !(is_digit(text[i - 1]) && i + 1 < text.size() && is_digit(text[i + 1]))) {
        return std::nullopt; // here alone an underscore must stand between digits
      }
    }
    text = without;
  }
  const Digits parts = take_apart(text);
  if (const std::optional<std::uint64_t> magnitude = natural(parts.digits, parts.base)) {
    constexpr std::uint64_t kLeast = 1ULL << 63U;
    const bool signed_too_large = *magnitude > kLeast || (*magnitude == kLeast && !parts.negative);
    const bool has_sign = text[0] == '-' || text[0] == '+';
    // With a sign it must fit 64 bits with a sign, or it is read as a decimal number.
    if (!signed_too_large || !has_sign) {
      return integer_or_number(parts.negative, *magnitude, offset);
    }
  }
  if (!is_decimal(text)) return std::nullopt;
  if (const std::optional<double> value = decimal(text)) return json_number(*value, offset);
  return std::nullopt;
}

/// YAML 1.2.2, 10.3.2. An empty outer optional: no number; an empty inner one: too large.
std::optional<std::optional<Node>> core_number(std::string_view text, std::uint32_t offset) {
  if (text.starts_with("0x") || text.starts_with("0o")) {
    const int base = text[1] == 'x' ? 16 : 8;
    const std::string_view digits = text.substr(2);
    const std::string_view allowed = base == 16 ? "0123456789abcdefABCDEF" : "01234567";
    if (digits.empty() || digits.find_first_not_of(allowed) != std::string_view::npos) {
      return std::nullopt;
    }
    const std::optional<std::uint64_t> value = natural(digits, base);
    if (!value || *value >> 63U != 0) return std::optional<Node>();
    return std::optional<Node>(Node::integer(static_cast<std::int64_t>(*value), offset));
  }
  const std::string_view digits = text.substr(text[0] == '-' || text[0] == '+' ? 1 : 0);
  if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos) {
    const std::optional<std::uint64_t> value = natural(digits, 10);
    if (!value) return std::optional<Node>();
    const Node node = integer_or_number(text[0] == '-', *value, offset);
    return node.is(Kind::integer) ? std::optional<Node>(node) : std::nullopt;
  }
  if (std::optional<Node> special = special_number(text, offset)) return special;
  if (!is_decimal(text)) return std::nullopt;
  const std::optional<double> value = decimal(text);
  if (!value) return std::optional<Node>();
  return std::optional<Node>(Node::number(*value, offset));
}

} // namespace

bool may_be_more_than_text(char first) {
  return kHints[static_cast<unsigned char>(first)] != Hint::text;
}

std::optional<Node> resolve_plain(std::string_view text, std::uint32_t offset, Schema schema) {
  if (text.empty()) return Node::null(offset);
  switch (kHints[static_cast<unsigned char>(text[0])]) {
  case Hint::text:
    break;
  case Hint::word:
    if (std::optional<Node> node = word(text, offset, schema)) return node;
    break;
  case Hint::number:
    if (schema == Schema::core) {
      if (std::optional<std::optional<Node>> node = core_number(text, offset)) return *node;
    } else if (std::optional<Node> node = kubernetes_number(text, offset)) {
      return node;
    }
    break;
  }
  return Node::string(text, offset);
}

namespace {

/// As Go's strconv.FormatFloat(value, 'g', -1, 32).
std::string short_number(double wide) {
  const auto value = static_cast<float>(wide);
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  std::array<char, 64> buffer{};
  const auto format = [&](std::chars_format how) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, how).ptr;
    return std::string(buffer.data(), end);
  };
  const std::string scientific = format(std::chars_format::scientific);
  const std::string_view exponent_text =
      std::string_view(scientific).substr(scientific.find('e') + 1);
  const int exponent = std::stoi(std::string(exponent_text));
  constexpr int kLeast = -4;
  constexpr int kMost = 6;
  return exponent < kLeast || exponent >= kMost ? scientific : format(std::chars_format::fixed);
}

} // namespace

std::optional<std::string> key_text(const Node& key) {
  switch (key.kind()) {
  case Kind::string:
    return std::string(key.as_string());
  case Kind::boolean:
    return key.as_boolean() ? "true" : "false";
  case Kind::integer:
    return std::to_string(key.as_integer());
  case Kind::number:
    return short_number(key.as_number());
  default:
    return std::nullopt;
  }
}

} // namespace allod::manifest
