#include "document/json_reader.h"

#include <charconv>
#include <cmath>

#include "document/scalar.h"
#include "document/text_lines.h"

namespace allod::document {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '+' ||
         c == '-';
}

void append_utf8(std::string& text, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

class Parser {
 public:
  Parser(std::shared_ptr<const Source> source, const ReadLimits& limits)
      : source_(std::move(source)), text_(source_->text), lines_(text_), limits_(limits) {}

  Result<Value> whole();

 private:
  Result<Value> value(std::size_t depth);
  Result<Value> list(std::size_t depth);
  Result<Value> map(std::size_t depth);
  Result<Value> number();
  Result<Value> word();
  Result<std::string> string();
  Status escape(std::string& into);
  Result<std::uint32_t> hex_unit();
  Result<bool> more(char closing, std::size_t opened, bool first);

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] bool ended() const { return at_ >= text_.size(); }
  void skip_space() {
    while (!ended() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r'))
      ++at_;
  }
  [[nodiscard]] Mark mark(std::size_t start, std::size_t end) const {
    return lines_.mark(source_, lines_.at_byte(start), lines_.at_byte(end));
  }
  [[nodiscard]] Error error(std::size_t start, std::string message, std::size_t end = 0) const {
    return error_at(mark(start, end == 0 ? start + 1 : end), std::move(message));
  }
  /// `what` is missing where the text stands.
  [[nodiscard]] Error expected(const std::string& what) const;

  std::shared_ptr<const Source> source_;
  std::string_view text_;
  TextLines lines_;
  ReadLimits limits_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
};

Error Parser::expected(const std::string& what) const {
  if (ended()) return error(at_, "the text ends where " + what + " is expected");
  if (text_.substr(at_).starts_with("//") || text_.substr(at_).starts_with("/*")) {
    return error(at_, "JSON has no comments", at_ + 2);
  }
  if (peek() == '\'') return error(at_, "JSON has no single quotes").with_hint("use \"");
  if (peek() == ',') return error(at_, "a \",\" stands where " + what + " is expected");
  return error(at_, what + " is expected here");
}

Result<Value> Parser::whole() {
  skip_space();
  Result<Value> result = value(1);
  if (!result) return result;
  skip_space();
  if (!ended()) return error(at_, "something follows the end of the value");
  return result;
}

Result<Value> Parser::value(std::size_t depth) {
  if (++nodes_ > limits_.nodes) {
    return error(at_, "this text holds more than " + std::to_string(limits_.nodes) + " values");
  }
  const char c = peek();
  if ((c == '{' || c == '[') && depth > limits_.depth) {
    return error(at_,
                 "lists and maps are nested more than " + std::to_string(limits_.depth) + " deep");
  }
  if (c == '{') return map(depth);
  if (c == '[') return list(depth);
  if (c == '-' || is_digit(c)) return number();
  if (c == '"') {
    const std::size_t start = at_;
    Result<std::string> text = string();
    if (!text) return std::move(text).error();
    return Value(*std::move(text)).set_mark(mark(start, at_));
  }
  if (is_word(c)) return word();
  return expected("a value");
}

Result<Value> Parser::word() {
  const std::size_t start = at_;
  while (!ended() && is_word(peek()))
    ++at_;
  const std::string_view text = text_.substr(start, at_ - start);
  Value value;
  if (text == "true" || text == "false") {
    value = Value(text == "true");
  } else if (text != "null") {
    return error(start, "\"" + std::string(text) + "\" is no JSON value", at_)
        .with_hint("put a text in double quotes");
  }
  return value.set_mark(mark(start, at_));
}

/// After an opening bracket or an element: whether another element follows. Consumes the separator
/// or the closing bracket.
Result<bool> Parser::more(char closing, std::size_t opened, bool first) {
  skip_space();
  if (ended()) {
    return error(opened, closing == ']' ? "this list never ends" : "this map never ends");
  }
  if (peek() == closing) {
    ++at_;
    return false;
  }
  if (first) return true;
  if (peek() != ',') return expected(std::string("a \",\" or \"") + closing + "\"");
  const std::size_t comma = at_++;
  skip_space();
  if (peek() == closing) return error(comma, "JSON has no comma after the last element");
  return true;
}

Result<Value> Parser::list(std::size_t depth) {
  const std::size_t start = at_++;
  Value result = Value::list();
  result.set_mark(mark(start, start + 1));
  for (bool first = true;; first = false) {
    const Result<bool> another = more(']', start, first);
    if (!another) return another.error();
    if (!*another) return result;
    Result<Value> item = value(depth + 1);
    if (!item) return item;
    result.push(*std::move(item));
  }
}

Result<Value> Parser::map(std::size_t depth) {
  const std::size_t start = at_++;
  Value result = Value::map();
  result.set_mark(mark(start, start + 1));
  for (bool first = true;; first = false) {
    const Result<bool> another = more('}', start, first);
    if (!another) return another.error();
    if (!*another) return result;
    const std::size_t key_start = at_;
    if (peek() != '"') return expected("a key in double quotes");
    Result<std::string> key = string();
    if (!key) return std::move(key).error();
    Mark key_mark = mark(key_start, at_);
    if (const Member* twin = result.find_member(*key)) return duplicate_key(*twin, key_mark);
    skip_space();
    if (peek() != ':') return expected("a \":\"");
    ++at_;
    skip_space();
    Result<Value> content = value(depth + 1);
    if (!content) return content;
    result.insert(Member{*std::move(key), std::move(key_mark), *std::move(content)});
  }
}

Result<Value> Parser::number() {
  const std::size_t start = at_;
  const auto digits = [&] {
    const std::size_t from = at_;
    while (is_digit(peek()))
      ++at_;
    return at_ - from;
  };
  bool whole = true;
  if (peek() == '-') ++at_;
  const std::size_t first = at_;
  bool valid = digits() > 0 && !(text_[first] == '0' && at_ - first > 1);
  if (peek() == '.') {
    whole = false;
    ++at_;
    valid = digits() > 0 && valid;
  }
  if (peek() == 'e' || peek() == 'E') {
    whole = false;
    ++at_;
    if (peek() == '-' || peek() == '+') ++at_;
    valid = digits() > 0 && valid;
  }
  while (is_word(peek())) {
    ++at_;
    valid = false;
  }
  const std::string_view text = text_.substr(start, at_ - start);
  if (!valid) return error(start, "\"" + std::string(text) + "\" is no JSON number", at_);
  std::int64_t integer = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (whole && parsed.ec == std::errc()) return Value(integer).set_mark(mark(start, at_));
  const double number = parse_decimal(text);
  if (std::isinf(number)) return error(start, "this number is too large", at_);
  return Value(number).set_mark(mark(start, at_));
}

Result<std::string> Parser::string() {
  const std::size_t start = at_++;
  std::string result;
  while (true) {
    const std::size_t from = at_;
    while (!ended() && peek() != '"' && peek() != '\\' &&
           static_cast<unsigned char>(peek()) >= 32) {
      ++at_;
    }
    result.append(text_.substr(from, at_ - from));
    if (ended()) return error(start, "this text never ends");
    if (peek() == '"') {
      ++at_;
      return result;
    }
    if (peek() == '\n' || peek() == '\r') {
      return error(start, "this text does not end on its line", at_)
          .with_hint("write a line break as \\n");
    }
    if (peek() != '\\') {
      return error(at_, "a control character cannot stand in a JSON text")
          .with_hint(peek() == '\t' ? "write a tab as \\t" : "write it as \\u and four hex digits");
    }
    if (Status escaped = escape(result); !escaped) return std::move(escaped).error();
  }
}

Result<std::uint32_t> Parser::hex_unit() {
  const std::size_t start = at_;
  std::uint32_t unit = 0;
  const std::string_view digits = text_.substr(std::min(at_ + 2, text_.size()), 4);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
  if (digits.size() != 4 || parsed.ptr != digits.data() + 4 || digits[0] == '-') {
    return error(start, "\\u needs four hex digits", std::min(start + 6, text_.size()));
  }
  at_ += 6;
  return unit;
}

Status Parser::escape(std::string& into) {
  static constexpr std::string_view kNames = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const std::size_t start = at_;
  const char name = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (name != 'u') {
    const std::size_t known = name == '\0' ? std::string_view::npos : kNames.find(name);
    if (known == std::string_view::npos) {
      return error(start, "an unknown escape in a text", start + 2)
          .with_hint("write \\\\ for a backslash");
    }
    into += kMeanings[known];
    at_ += 2;
    return {};
  }
  const Result<std::uint32_t> unit = hex_unit();
  if (!unit) return unit.error();
  std::uint32_t point = *unit;
  if (point >= 0xD800 && point <= 0xDFFF) {
    const bool high = point <= 0xDBFF && text_.substr(at_).starts_with("\\u");
    const Result<std::uint32_t> low = high ? hex_unit() : Result<std::uint32_t>(0U);
    if (!low) return low.error();
    if (*low < 0xDC00 || *low > 0xDFFF) {
      return error(start, "half of a surrogate pair names no character", at_);
    }
    point = 0x10000 + ((point - 0xD800) << 10) + (*low - 0xDC00);
  }
  append_utf8(into, point);
  return {};
}

} // namespace

Result<Value> read_json(const std::string& name, std::string_view text, const ReadLimits& limits) {
  if (Status checked = check_text(name, text, limits.bytes); !checked) {
    return std::move(checked).error();
  }
  auto source =
      std::make_shared<const Source>(Source{name, std::string(without_byte_order_mark(text))});
  return Parser(std::move(source), limits).whole();
}

} // namespace allod::document
