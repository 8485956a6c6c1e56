#include "cel/syntax/parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cel/syntax/literal.h"
#include "cel/syntax/macros.h"
#include "cel/syntax/source.h"
#include "cel/text.h"

namespace allod::cel {

namespace {

/// Counts how deep the descent is, so that a hostile text meets a limit before the stack does.
class Descent {
 public:
  explicit Descent(std::size_t& depth) : depth_(depth) { ++depth_; }
  ~Descent() { --depth_; }
  Descent(const Descent&) = delete;
  Descent& operator=(const Descent&) = delete;

 private:
  std::size_t& depth_;
};

constexpr std::string_view kTooDeep = "the expression is nested too deeply";

} // namespace

bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 17> kReserved{
      "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
      "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

Parser::Parser(std::string_view source, const ParseOptions& options)
    : source_(source), options_(options), lexer_(source, 0) {}

void Parser::start(std::size_t begin) {
  lexer_ = Lexer(source_, begin);
  previous_end_ = static_cast<std::uint32_t>(begin);
  advance();
}

void Parser::advance() {
  previous_end_ = std::max(previous_end_, token_.span.end);
  token_ = lexer_.next();
  if (token_.kind == TokenKind::invalid) fail(token_.span, lexer_.problem());
}

bool Parser::accept(TokenKind kind) {
  if (!at(kind)) return false;
  advance();
  return true;
}

bool Parser::expect(TokenKind kind, std::string_view what) {
  if (error_) return false;
  if (accept(kind)) return !error_;
  unexpected(what);
  return false;
}

ExprId Parser::unexpected(std::string_view wanted) {
  const std::string found = at(TokenKind::end) ? "the end of the expression"
                                               : quote_text(lexer_.text(token_).substr(0, 40));
  return fail(token_.span, "expected " + std::string(wanted) + ", found " + found);
}

ExprId Parser::fail(Span span, std::string message) {
  if (!error_) error_ = error_at(source_, span, std::move(message));
  return kNoExpr;
}

ExprId Parser::add(Expr expr) {
  if (error_) return kNoExpr;
  for (const ExprId operand : expr.operands) {
    if (operand == kNoExpr) return kNoExpr;
    expr.depth = std::max(expr.depth, ast_[operand].depth + 1);
  }
  // A chain such as 1+1+1+… is deep without any nesting in the text.
  if (expr.depth > options_.max_depth) return fail(expr.span, std::string(kTooDeep));
  if (ast_.nodes.size() >= options_.max_nodes) {
    return fail(expr.span, "the expression is too large");
  }
  if (expr.whole.end == 0) expr.whole = expr.span;
  ast_.nodes.push_back(std::move(expr));
  return static_cast<ExprId>(ast_.nodes.size() - 1);
}

ExprId Parser::parse_all(std::size_t begin) {
  start(begin);
  const ExprId id = parse_expression();
  if (!error_ && !at(TokenKind::end)) return unexpected("an operator or the end");
  return error_ ? kNoExpr : id;
}

ExprId Parser::parse_braced(std::size_t begin, std::size_t& end) {
  start(begin);
  const ExprId id = parse_expression();
  if (!error_ && !at(TokenKind::close_brace)) return unexpected("an operator or }");
  end = token_.span.begin;
  return error_ ? kNoExpr : id;
}

ExprId Parser::parse_expression() {
  const Descent descent(depth_);
  if (depth_ > options_.max_depth) return fail(token_.span, std::string(kTooDeep));
  return parse_conditional();
}

ExprId Parser::parse_conditional() {
  const ExprId condition = parse_or();
  const Span mark = token_.span;
  if (error_ || !accept(TokenKind::question)) return condition;
  const ExprId yes = parse_or();
  if (!expect(TokenKind::colon, "':'")) return kNoExpr;
  const ExprId no = parse_expression();
  if (error_) return kNoExpr;
  Expr call;
  call.kind = ExprKind::call;
  call.name = "_?_:_";
  call.span = mark;
  call.whole = {ast_[condition].whole.begin, previous_end_};
  call.operands = {condition, yes, no};
  return add(std::move(call));
}

/// A chain of && or ||, which is one node however long it is.
ExprId Parser::parse_logical(TokenKind mark, std::string_view function,
                             ExprId (Parser::*operand)()) {
  const ExprId first = (this->*operand)();
  if (error_ || !at(mark)) return first;
  Expr call;
  call.kind = ExprKind::call;
  call.name = function;
  call.span = token_.span;
  call.operands = {first};
  while (!error_ && accept(mark))
    call.operands.push_back((this->*operand)());
  if (error_) return kNoExpr;
  call.whole = {ast_[first].whole.begin, previous_end_};
  return add(std::move(call));
}

ExprId Parser::parse_or() {
  return parse_logical(TokenKind::logical_or, "_||_", &Parser::parse_and);
}

ExprId Parser::parse_and() {
  return parse_logical(TokenKind::logical_and, "_&&_", &Parser::parse_relation);
}

ExprId Parser::parse_relation() {
  ExprId left = parse_sum();
  for (;;) {
    std::string_view function;
    switch (token_.kind) {
    case TokenKind::less:
      function = "_<_";
      break;
    case TokenKind::less_equal:
      function = "_<=_";
      break;
    case TokenKind::greater:
      function = "_>_";
      break;
    case TokenKind::greater_equal:
      function = "_>=_";
      break;
    case TokenKind::equal:
      function = "_==_";
      break;
    case TokenKind::not_equal:
      function = "_!=_";
      break;
    case TokenKind::keyword_in:
      function = "@in";
      break;
    default:
      return left;
    }
    const Span mark = token_.span;
    advance();
    left = make_binary(function, left, error_ ? kNoExpr : parse_sum(), mark);
    if (error_) return kNoExpr;
  }
}

ExprId Parser::parse_sum() {
  ExprId left = parse_product();
  while (!error_ && (at(TokenKind::plus) || at(TokenKind::minus))) {
    const std::string_view function = at(TokenKind::plus) ? "_+_" : "_-_";
    const Span mark = token_.span;
    advance();
    left = make_binary(function, left, error_ ? kNoExpr : parse_product(), mark);
  }
  return error_ ? kNoExpr : left;
}

ExprId Parser::parse_product() {
  ExprId left = parse_unary();
  while (!error_ && (at(TokenKind::star) || at(TokenKind::slash) || at(TokenKind::percent))) {
    const std::string_view function = at(TokenKind::star)    ? "_*_"
                                      : at(TokenKind::slash) ? "_/_"
                                                             : "_%_";
    const Span mark = token_.span;
    advance();
    left = make_binary(function, left, error_ ? kNoExpr : parse_unary(), mark);
  }
  return error_ ? kNoExpr : left;
}

ExprId Parser::make_binary(std::string_view function, ExprId left, ExprId right, Span mark) {
  if (error_) return kNoExpr;
  Expr call;
  call.kind = ExprKind::call;
  call.name = function;
  call.span = mark;
  call.whole = {ast_[left].whole.begin, previous_end_};
  call.operands = {left, right};
  return add(std::move(call));
}

ExprId Parser::parse_unary() {
  if (at(TokenKind::exclamation)) return parse_repeated(TokenKind::exclamation, "!_");
  if (!at(TokenKind::minus)) return parse_member();
  return parse_repeated(TokenKind::minus, "-_");
}

/// "!!x" and "--x". Pairs cancel out only where the operand is of the right type, so all are kept,
/// but the sign right before a number belongs to it: the least int has no positive counterpart.
ExprId Parser::parse_repeated(TokenKind mark, std::string_view function) {
  std::vector<Span> marks;
  while (!error_ && at(mark)) {
    marks.push_back(token_.span);
    if (marks.size() > options_.max_depth) return fail(token_.span, std::string(kTooDeep));
    advance();
  }
  if (error_) return kNoExpr;
  const bool number = at(TokenKind::number_int) || at(TokenKind::number_double);
  if (mark == TokenKind::minus && number) {
    token_.span.begin = marks.back().begin;
    marks.pop_back();
    negative_ = true;
  }
  ExprId operand = parse_member();
  for (auto span = marks.rbegin(); span != marks.rend() && !error_; ++span) {
    Expr call;
    call.kind = ExprKind::call;
    call.name = function;
    call.span = *span;
    call.whole = {span->begin, previous_end_};
    call.operands = {operand};
    operand = add(std::move(call));
  }
  return error_ ? kNoExpr : operand;
}

ExprId Parser::parse_member() {
  ExprId expr = parse_primary();
  while (!error_) {
    if (at(TokenKind::dot)) {
      expr = parse_dot(expr);
    } else if (at(TokenKind::open_bracket)) {
      expr = parse_index(expr);
    } else if (at(TokenKind::open_brace)) {
      bool absolute = false;
      if (!qualified_name(expr, absolute)) return unexpected("an operator or the end");
      expr = parse_object(expr);
      if (!error_ && at(TokenKind::open_paren)) return unexpected("an operator or the end");
    } else {
      return expr;
    }
  }
  return kNoExpr;
}

ExprId Parser::parse_dot(ExprId receiver) {
  const Span dot = token_.span;
  advance();
  bool optional = false;
  if (!accept_optional_mark(optional)) return kNoExpr;
  if (!at(TokenKind::identifier) && !at(TokenKind::quoted_identifier)) {
    return unexpected("a field or function name after '.'");
  }
  std::string name(lexer_.text(token_));
  const bool quoted = at(TokenKind::quoted_identifier);
  if (quoted) name = name.substr(1, name.size() - 2);
  const Span span = token_.span;
  advance();
  if (error_) return kNoExpr;
  if (!optional && !quoted && at(TokenKind::open_paren)) {
    advance();
    Arguments arguments;
    if (!parse_list_items(TokenKind::close_paren, false, arguments)) return kNoExpr;
    const Span whole{ast_[receiver].whole.begin, previous_end_};
    return make_call(std::move(name), receiver, std::move(arguments.operands), span, whole);
  }
  Expr select;
  select.kind = ExprKind::select;
  select.name = std::move(name);
  select.optional = optional;
  select.span = optional ? Span{dot.begin, span.end} : span;
  select.whole = {ast_[receiver].whole.begin, previous_end_};
  select.operands = {receiver};
  return add(std::move(select));
}

ExprId Parser::parse_index(ExprId receiver) {
  const Span open = token_.span;
  advance();
  bool optional = false;
  if (!accept_optional_mark(optional)) return kNoExpr;
  const ExprId index = parse_expression();
  if (!expect(TokenKind::close_bracket, "']'")) return kNoExpr;
  Expr call;
  call.kind = ExprKind::call;
  call.name = optional ? "_[?_]" : "_[_]";
  call.span = {open.begin, previous_end_};
  call.whole = {ast_[receiver].whole.begin, previous_end_};
  call.operands = {receiver, index};
  return add(std::move(call));
}

bool Parser::accept_optional_mark(bool& optional) {
  if (error_) return false;
  if (!at(TokenKind::question)) return true;
  if (options_.dialect == Dialect::core) {
    unexpected("an expression (optional syntax is not enabled)");
    return false;
  }
  optional = true;
  advance();
  return !error_;
}

ExprId Parser::make_call(std::string name, ExprId receiver, std::vector<ExprId> arguments,
                         Span span, Span whole) {
  if (error_) return kNoExpr;
  const MacroCall macro{name, receiver, arguments, span, whole};
  if (const auto expansion = expand_macro(*this, macro, options_.dialect)) return *expansion;
  Expr call;
  call.kind = ExprKind::call;
  call.name = std::move(name);
  call.member = receiver != kNoExpr;
  call.span = span;
  call.whole = whole;
  if (call.member) call.operands.push_back(receiver);
  call.operands.insert(call.operands.end(), arguments.begin(), arguments.end());
  return add(std::move(call));
}

Result<Ast> parse(std::string_view source, const ParseOptions& options) {
  Parser parser(source, options);
  const ExprId root = parser.parse_all(0);
  if (parser.error()) return *parser.error();
  Ast ast = std::move(parser).take();
  ast.root = root;
  return ast;
}

} // namespace allod::cel
