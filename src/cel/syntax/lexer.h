// Splits an expression into tokens (CEL specification, "Syntax").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cel/syntax/ast.h"

namespace allod::cel {

enum class TokenKind : std::uint8_t {
  end,
  invalid, ///< Lexer::problem() says why
  identifier,
  quoted_identifier, ///< `a-b` in backticks, allowed as a field name only
  number_int,
  number_uint,
  number_double,
  text_string,
  text_bytes,
  keyword_true,
  keyword_false,
  keyword_null,
  keyword_in,
  question,
  colon,
  comma,
  dot,
  open_paren,
  close_paren,
  open_bracket,
  close_bracket,
  open_brace,
  close_brace,
  logical_or,
  logical_and,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  plus,
  minus,
  star,
  slash,
  percent,
  exclamation,
};

struct Token {
  TokenKind kind = TokenKind::end;
  Span span;
};

class Lexer {
 public:
  /// Reads from byte `begin` of the source to its end.
  Lexer(std::string_view source, std::size_t begin) : source_(source), at_(begin) {}

  Token next();

  [[nodiscard]] std::string_view text(const Token& token) const {
    return source_.substr(token.span.begin, token.span.end - token.span.begin);
  }
  /// What is wrong with the last invalid token.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  void skip_blanks();
  Token finish(TokenKind kind, std::size_t begin) const;
  Token fail(std::size_t begin, std::string problem);
  Token name();
  Token number();
  Token quoted_name();
  Token quoted(std::size_t begin, std::size_t prefix, bool raw, bool bytes);
  Token punctuation();

  std::string_view source_;
  std::size_t at_;
  std::string problem_;
};

} // namespace allod::cel
