// From text to a syntax tree, within limits on depth and size.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/environment.h"
#include "cel/syntax/ast.h"
#include "cel/syntax/lexer.h"

namespace allod::cel {

struct ParseOptions {
  Dialect dialect = Dialect::standard;
  std::size_t max_nodes = 50'000;
  std::size_t max_depth = 250;
};

/// Builds one tree; one instance parses one expression, or the parts of one template.
/// Every parse_* function gives kNoExpr after a failure, which error() then holds.
class Parser {
 public:
  Parser(std::string_view source, const ParseOptions& options);

  /// The expression from byte `begin` to the end of the source.
  ExprId parse_all(std::size_t begin);
  /// The expression from `begin` up to a '}' that it does not open; `end` becomes the '}''s offset.
  ExprId parse_braced(std::size_t begin, std::size_t& end);

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] Ast take() && { return std::move(ast_); }

  // For macros.cpp.
  [[nodiscard]] Ast& ast() { return ast_; }
  ExprId add(Expr expr);
  ExprId fail(Span span, std::string message);

 private:
  struct Arguments {
    std::vector<ExprId> operands;
    std::vector<std::uint8_t> optional;
    Span close;
  };

  void start(std::size_t begin);
  void advance();
  [[nodiscard]] bool at(TokenKind kind) const { return token_.kind == kind; }
  bool accept(TokenKind kind);
  bool expect(TokenKind kind, std::string_view what);
  ExprId unexpected(std::string_view wanted);

  ExprId parse_expression();
  ExprId parse_conditional();
  ExprId parse_logical(TokenKind mark, std::string_view function, ExprId (Parser::*operand)());
  ExprId parse_or();
  ExprId parse_and();
  ExprId parse_relation();
  ExprId parse_sum();
  ExprId parse_product();
  ExprId parse_unary();
  ExprId parse_repeated(TokenKind mark, std::string_view function);
  ExprId parse_member();
  ExprId parse_dot(ExprId receiver);
  ExprId parse_index(ExprId receiver);
  ExprId parse_primary();
  ExprId parse_name();
  ExprId parse_parenthesis();
  ExprId parse_list();
  ExprId parse_map();
  ExprId parse_object(ExprId name);
  ExprId parse_literal();
  ExprId literal_number(std::string text, Span span, TokenKind kind);

  bool parse_list_items(TokenKind close, bool optional_allowed, Arguments& out);
  bool accept_optional_mark(bool& optional);
  ExprId make_binary(std::string_view function, ExprId left, ExprId right, Span mark);
  ExprId make_call(std::string name, ExprId receiver, std::vector<ExprId> arguments, Span span,
                   Span whole);
  std::optional<std::string> qualified_name(ExprId id, bool& absolute) const;

  std::string_view source_;
  ParseOptions options_;
  Lexer lexer_;
  Token token_;
  std::uint32_t previous_end_ = 0;
  std::size_t depth_ = 0;
  bool negative_ = false; // the number to come has a sign in front
  Ast ast_;
  std::optional<Error> error_;
};

[[nodiscard]] Result<Ast> parse(std::string_view source, const ParseOptions& options);

/// Whether a name is reserved by the specification and cannot be an identifier.
[[nodiscard]] bool is_reserved(std::string_view name);

} // namespace allod::cel
