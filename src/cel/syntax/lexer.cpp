#include "cel/syntax/lexer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cel/text.h"

namespace allod::cel {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

} // namespace

Token Lexer::finish(TokenKind kind, std::size_t begin) const {
  return {kind, {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_)}};
}

Token Lexer::fail(std::size_t begin, std::string problem) {
  problem_ = std::move(problem);
  return finish(TokenKind::invalid, begin);
}

void Lexer::skip_blanks() {
  for (;;) {
    const char c = peek();
    if (at_ < source_.size() && (c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r')) {
      ++at_;
    } else if (c == '/' && peek(1) == '/') {
      at_ = std::min(source_.find('\n', at_), source_.size());
    } else {
      return;
    }
  }
}

Token Lexer::next() {
  skip_blanks();
  if (at_ >= source_.size()) return finish(TokenKind::end, at_);
  const char c = peek();
  const bool fraction = c == '.' && is_digit(peek(1));
  if (is_digit(c) || fraction) return number();
  if (c == '"' || c == '\'') return quoted(at_, 0, false, false);
  if (c == '`') return quoted_name();
  if (is_letter(c)) return name();
  return punctuation();
}

Token Lexer::name() {
  const std::size_t begin = at_;
  bool raw = false;
  bool bytes = false;
  // r"…", b'…', br"…" in any case and order: at most one letter of each.
  std::size_t prefix = 0;
  for (; prefix < 2; ++prefix) {
    const char c = peek(prefix);
    if ((c == 'r' || c == 'R') && !raw) {
      raw = true;
    } else if ((c == 'b' || c == 'B') && !bytes) {
      bytes = true;
    } else {
      break;
    }
  }
  if (prefix > 0 && (peek(prefix) == '"' || peek(prefix) == '\'')) {
    return quoted(begin, prefix, raw, bytes);
  }
  while (is_letter(peek()) || is_digit(peek()))
    ++at_;
  const std::string_view word = source_.substr(begin, at_ - begin);
  if (word == "true") return finish(TokenKind::keyword_true, begin);
  if (word == "false") return finish(TokenKind::keyword_false, begin);
  if (word == "null") return finish(TokenKind::keyword_null, begin);
  if (word == "in") return finish(TokenKind::keyword_in, begin);
  return finish(TokenKind::identifier, begin);
}

Token Lexer::quoted_name() {
  const std::size_t begin = at_++;
  while (is_letter(peek()) || is_digit(peek()) || peek() == '.' || peek() == '-' || peek() == '/' ||
         peek() == ' ') {
    ++at_;
  }
  if (peek() != '`' || at_ == begin + 1) {
    return fail(begin,
                "a name in backticks needs a closing backtick, and only letters, digits, '_', "
                "'.', '-', '/' and spaces between");
  }
  ++at_;
  return finish(TokenKind::quoted_identifier, begin);
}

Token Lexer::number() {
  const std::size_t begin = at_;
  TokenKind kind = TokenKind::number_int;
  if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X') && is_hex(peek(2))) {
    at_ += 2;
    while (is_hex(peek()))
      ++at_;
  } else {
    while (is_digit(peek()))
      ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
      kind = TokenKind::number_double;
      ++at_;
      while (is_digit(peek()))
        ++at_;
    }
    const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(1 + sign))) {
      kind = TokenKind::number_double;
      at_ += 1 + sign;
      while (is_digit(peek()))
        ++at_;
    }
  }
  if (kind == TokenKind::number_int && (peek() == 'u' || peek() == 'U')) {
    ++at_;
    return finish(TokenKind::number_uint, begin);
  }
  return finish(kind, begin);
}

Token Lexer::quoted(std::size_t begin, std::size_t prefix, bool raw, bool bytes) {
  at_ += prefix;
  const char quote = peek();
  const bool triple = peek(1) == quote && peek(2) == quote;
  const std::string delimiter(triple ? 3 : 1, quote);
  at_ += delimiter.size();
  while (at_ < source_.size()) {
    if (source_.substr(at_).starts_with(delimiter)) {
      at_ += delimiter.size();
      return finish(bytes ? TokenKind::text_bytes : TokenKind::text_string, begin);
    }
    const char c = peek();
    if (!triple && (c == '\n' || c == '\r')) break;
    // An escaped quote does not end the text; what the escape means is decided with the literal.
    at_ += c == '\\' && !raw && at_ + 1 < source_.size() ? 2 : 1;
  }
  return fail(begin, "the text that starts here has no closing " + delimiter);
}

Token Lexer::punctuation() {
  struct Mark {
    std::string_view text;
    TokenKind kind;
  };
  // Longer marks first.
  constexpr std::array<Mark, 25> kMarks{
      {{"||", TokenKind::logical_or},   {"&&", TokenKind::logical_and},
       {"<=", TokenKind::less_equal},   {">=", TokenKind::greater_equal},
       {"==", TokenKind::equal},        {"!=", TokenKind::not_equal},
       {"<", TokenKind::less},          {">", TokenKind::greater},
       {"!", TokenKind::exclamation},   {"?", TokenKind::question},
       {":", TokenKind::colon},         {",", TokenKind::comma},
       {".", TokenKind::dot},           {"(", TokenKind::open_paren},
       {")", TokenKind::close_paren},   {"[", TokenKind::open_bracket},
       {"]", TokenKind::close_bracket}, {"{", TokenKind::open_brace},
       {"}", TokenKind::close_brace},   {"+", TokenKind::plus},
       {"-", TokenKind::minus},         {"*", TokenKind::star},
       {"/", TokenKind::slash},         {"%", TokenKind::percent},
       {"", TokenKind::invalid}}};
  const std::size_t begin = at_;
  const std::string_view rest = source_.substr(at_);
  for (const Mark& mark : kMarks) {
    if (mark.text.empty() || !rest.starts_with(mark.text)) continue;
    at_ += mark.text.size();
    return finish(mark.kind, begin);
  }
  at_ += decode_utf8(rest).length;
  const std::string character(source_.substr(begin, at_ - begin));
  std::string problem = "an expression cannot contain " + quote_text(character) + " here";
  if (character == "=") problem += "; equality is ==";
  if (character == "&") problem += "; logical and is &&";
  if (character == "|") problem += "; logical or is ||";
  return fail(begin, std::move(problem));
}

} // namespace allod::cel
