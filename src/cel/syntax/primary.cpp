// The part of the parser for names, literals, parentheses, lists, maps and objects.
#include <utility>

#include "cel/syntax/literal.h"
#include "cel/syntax/parser.h"

namespace allod::cel {

ExprId Parser::parse_primary() {
  if (error_) return kNoExpr;
  switch (token_.kind) {
  case TokenKind::identifier:
  case TokenKind::dot:
    return parse_name();
  case TokenKind::open_paren:
    return parse_parenthesis();
  case TokenKind::open_bracket:
    return parse_list();
  case TokenKind::open_brace:
    return parse_map();
  default:
    return parse_literal();
  }
}

ExprId Parser::parse_name() {
  Expr expr;
  expr.span.begin = token_.span.begin;
  expr.absolute = accept(TokenKind::dot);
  if (error_) return kNoExpr;
  if (!at(TokenKind::identifier)) return unexpected("a name after '.'");
  std::string name(lexer_.text(token_));
  if (is_reserved(name)) {
    return fail(token_.span, "\"" + name + "\" is a reserved word and cannot be a name");
  }
  expr.span.end = token_.span.end;
  advance();
  if (error_) return kNoExpr;
  if (at(TokenKind::open_paren)) {
    advance();
    Arguments arguments;
    if (!parse_list_items(TokenKind::close_paren, false, arguments)) return kNoExpr;
    const ExprId call = make_call(std::move(name), kNoExpr, std::move(arguments.operands),
                                  expr.span, {expr.span.begin, previous_end_});
    if (call != kNoExpr) ast_[call].absolute = expr.absolute;
    return call;
  }
  expr.kind = ExprKind::identifier;
  expr.name = std::move(name);
  return add(std::move(expr));
}

ExprId Parser::parse_parenthesis() {
  const std::uint32_t begin = token_.span.begin;
  advance();
  const ExprId inner = parse_expression();
  if (!expect(TokenKind::close_paren, "')'")) return kNoExpr;
  ast_[inner].whole = {begin, previous_end_};
  return inner;
}

/// Items up to `close`, which is taken. A comma may follow the last one in lists.
bool Parser::parse_list_items(TokenKind close, bool optional_allowed, Arguments& out) {
  const bool list = close == TokenKind::close_bracket;
  while (!error_ && !at(close)) {
    // The grammar allows "[,]".
    if (list && out.operands.empty() && accept(TokenKind::comma)) break;
    bool optional = false;
    if (optional_allowed && !accept_optional_mark(optional)) return false;
    out.operands.push_back(parse_expression());
    out.optional.push_back(optional ? 1 : 0);
    if (error_ || !at(TokenKind::comma)) break;
    advance();
    if (!list && at(close)) {
      unexpected("an argument");
      return false;
    }
  }
  return expect(close, list ? "',' or ']'" : "',' or ')'");
}

ExprId Parser::parse_list() {
  Expr list;
  list.kind = ExprKind::list;
  list.span.begin = token_.span.begin;
  advance();
  Arguments items;
  if (!parse_list_items(TokenKind::close_bracket, true, items)) return kNoExpr;
  list.span.end = previous_end_;
  list.operands = std::move(items.operands);
  list.optional_operands = std::move(items.optional);
  return add(std::move(list));
}

ExprId Parser::parse_map() {
  Expr map;
  map.kind = ExprKind::map;
  map.span.begin = token_.span.begin;
  advance();
  if (map.operands.empty()) accept(TokenKind::comma);
  while (!error_ && !at(TokenKind::close_brace)) {
    bool optional = false;
    if (!accept_optional_mark(optional)) return kNoExpr;
    map.operands.push_back(parse_expression());
    if (!expect(TokenKind::colon, "':' after the key")) return kNoExpr;
    map.operands.push_back(parse_expression());
    map.optional_operands.push_back(optional ? 1 : 0);
    if (!accept(TokenKind::comma)) break;
  }
  if (!expect(TokenKind::close_brace, "',' or '}'")) return kNoExpr;
  map.span.end = previous_end_;
  return add(std::move(map));
}

std::optional<std::string> Parser::qualified_name(ExprId id, bool& absolute) const {
  if (id == kNoExpr) return std::nullopt;
  const Expr& expr = ast_[id];
  if (expr.kind == ExprKind::identifier) {
    absolute = expr.absolute;
    return expr.name;
  }
  if (expr.kind != ExprKind::select || expr.optional || expr.test) return std::nullopt;
  const auto prefix = qualified_name(expr.operands[0], absolute);
  if (!prefix) return std::nullopt;
  return *prefix + "." + expr.name;
}

ExprId Parser::parse_object(ExprId name) {
  Expr object;
  object.kind = ExprKind::object;
  object.name = *qualified_name(name, object.absolute);
  object.span = ast_[name].whole;
  advance();
  accept(TokenKind::comma);
  while (!error_ && !at(TokenKind::close_brace)) {
    bool optional = false;
    if (!accept_optional_mark(optional)) return kNoExpr;
    if (!at(TokenKind::identifier) && !at(TokenKind::quoted_identifier)) {
      return unexpected("a field name");
    }
    std::string field(lexer_.text(token_));
    if (at(TokenKind::quoted_identifier)) field = field.substr(1, field.size() - 2);
    advance();
    if (!expect(TokenKind::colon, "':' after the field name")) return kNoExpr;
    object.fields.push_back(std::move(field));
    object.operands.push_back(parse_expression());
    object.optional_operands.push_back(optional ? 1 : 0);
    if (!accept(TokenKind::comma)) break;
  }
  if (!expect(TokenKind::close_brace, "',' or '}'")) return kNoExpr;
  object.whole = {object.span.begin, previous_end_};
  return add(std::move(object));
}

ExprId Parser::literal_number(std::string text, Span span, TokenKind kind) {
  const Literal literal = kind == TokenKind::number_int    ? read_int(text)
                          : kind == TokenKind::number_uint ? read_uint(text)
                                                           : read_double(text);
  if (const auto* problem = std::get_if<std::string>(&literal)) return fail(span, *problem);
  Expr expr;
  expr.span = span;
  expr.literal = std::get<Value>(literal);
  return add(std::move(expr));
}

ExprId Parser::parse_literal() {
  Expr expr;
  expr.span = token_.span;
  const TokenKind kind = token_.kind;
  const std::string_view text = lexer_.text(token_);
  switch (kind) {
  case TokenKind::keyword_true:
    expr.literal = Value::of_bool(true);
    break;
  case TokenKind::keyword_false:
    expr.literal = Value::of_bool(false);
    break;
  case TokenKind::keyword_null:
    break;
  case TokenKind::number_int:
  case TokenKind::number_uint:
  case TokenKind::number_double: {
    std::string digits(text);
    if (std::exchange(negative_, false)) {
      // The token was stretched over the sign, and blanks may stand between the two.
      const std::size_t last = digits.find_last_of(" \t\r\n\f-");
      const bool exponent = last > 0 && (digits[last - 1] == 'e' || digits[last - 1] == 'E');
      const std::size_t first = exponent ? digits.find_last_of(" \t\r\n\f-", last - 1) : last;
      digits = "-" + digits.substr(first + 1);
    }
    advance();
    if (error_) return kNoExpr;
    return literal_number(std::move(digits), expr.span, kind);
  }
  case TokenKind::text_string:
  case TokenKind::text_bytes: {
    const Literal literal = read_text(text);
    if (const auto* problem = std::get_if<std::string>(&literal)) return fail(expr.span, *problem);
    expr.literal = std::get<Value>(literal);
    break;
  }
  default:
    return unexpected("an expression");
  }
  advance();
  return add(std::move(expr));
}

} // namespace allod::cel
