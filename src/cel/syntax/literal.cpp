#include "cel/syntax/literal.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "cel/text.h"

namespace allod::cel {

namespace {

std::optional<std::uint64_t> magnitude(std::string_view digits) {
  const bool hexadecimal = digits.starts_with("0x") || digits.starts_with("0X");
  if (hexadecimal) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value, hexadecimal ? 16 : 10);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

/// Reads the escapes of one literal's content.
class Unescaper {
 public:
  Unescaper(std::string_view content, bool bytes) : rest_(content), bytes_(bytes) {}

  Literal run() {
    while (!rest_.empty()) {
      if (rest_[0] != '\\') {
        out_ += rest_[0];
        rest_.remove_prefix(1);
      } else if (!escape()) {
        return problem_;
      }
    }
    return bytes_ ? Value::bytes(std::move(out_)) : Value::string(std::move(out_));
  }

 private:
  bool escape() {
    const char c = rest_.size() > 1 ? rest_[1] : '\0';
    const std::string_view shown =
        rest_.substr(0, 1 + (rest_.size() > 1 ? decode_utf8(rest_.substr(1)).length : 0));
    rest_.remove_prefix(std::min<std::size_t>(2, rest_.size()));
    switch (c) {
    case '\\':
    case '?':
    case '"':
    case '\'':
    case '`':
      return put(c);
    case 'a':
      return put('\a');
    case 'b':
      return put('\b');
    case 'f':
      return put('\f');
    case 'n':
      return put('\n');
    case 'r':
      return put('\r');
    case 't':
      return put('\t');
    case 'v':
      return put('\v');
    case 'x':
    case 'X':
      return number(2, 16, true);
    case 'u':
      return number(4, 16, false);
    case 'U':
      return number(8, 16, false);
    case '0':
    case '1':
    case '2':
    case '3':
      return octal(c);
    default:
      break;
    }
    problem_ = "there is no escape " + std::string(shown);
    return false;
  }

  bool put(char c) {
    out_ += c;
    return true;
  }

  bool octal(char first) {
    if (rest_.size() < 2) return bad_number(3, 8);
    const std::string digits = std::string(1, first) + std::string(rest_.substr(0, 2));
    std::uint32_t value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + 3, value, 8);
    if (read.ptr != digits.data() + 3) return bad_number(3, 8);
    rest_.remove_prefix(2);
    return put_code(value, true);
  }

  bool number(std::size_t width, int base, bool octet) {
    if (!octet && bytes_) {
      problem_ = "\\u and \\U stand for code points and have no place in bytes; write \\x";
      return false;
    }
    if (rest_.size() < width) return bad_number(width, base);
    std::uint32_t value = 0;
    const auto read = std::from_chars(rest_.data(), rest_.data() + width, value, base);
    if (read.ptr != rest_.data() + width) return bad_number(width, base);
    rest_.remove_prefix(width);
    return put_code(value, octet);
  }

  bool bad_number(std::size_t width, int base) {
    problem_ = "an escape here needs " + std::to_string(width) +
               (base == 16 ? " hexadecimal digits" : " octal digits from 000 to 377");
    return false;
  }

  bool put_code(std::uint32_t value, bool octet) {
    if (bytes_ && octet) return put(static_cast<char>(value));
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
      problem_ = "the escape is not a Unicode code point";
      return false;
    }
    append_utf8(out_, value);
    return true;
  }

  std::string_view rest_;
  bool bytes_;
  std::string out_;
  std::string problem_;
};

} // namespace

Literal read_int(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto size = magnitude(text);
  const std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  if (!size || *size > most + (negative ? 1U : 0U)) {
    return std::string("the number does not fit an int (64 bits)");
  }
  return Value::of_int(static_cast<std::int64_t>(negative ? ~*size + 1 : *size));
}

Literal read_uint(std::string_view text) {
  text.remove_suffix(1);
  const auto value = magnitude(text);
  if (!value) return std::string("the number does not fit a uint (64 bits)");
  return Value::of_uint(*value);
}

Literal read_double(std::string_view text) {
  const auto value = parse_double(text);
  if (!value || std::isinf(*value)) return std::string("the number does not fit a double");
  return Value::of_double(*value);
}

Literal read_text(std::string_view token) {
  bool raw = false;
  bool bytes = false;
  for (; token[0] != '"' && token[0] != '\''; token.remove_prefix(1)) {
    raw = raw || token[0] == 'r' || token[0] == 'R';
    bytes = bytes || token[0] == 'b' || token[0] == 'B';
  }
  const std::size_t quotes =
      token.size() >= 6 && token[1] == token[0] && token[2] == token[0] ? 3 : 1;
  const std::string_view content = token.substr(quotes, token.size() - 2 * quotes);
  if (!is_utf8(content)) return std::string("the text is not valid UTF-8");
  if (!raw) return Unescaper(content, bytes).run();
  std::string text(content);
  return bytes ? Value::bytes(std::move(text)) : Value::string(std::move(text));
}

} // namespace allod::cel
