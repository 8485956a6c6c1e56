#include "cel/syntax/macros.h"

#include <array>
#include <string>
#include <utility>

namespace allod::cel {

namespace {

/// A macro whose first arguments name variables: range.name(variable…, body…).
struct FoldMacro {
  std::string_view name;
  std::size_t variables;
  std::size_t bodies; ///< 2 with a filter before the body
  Fold fold;
  Dialect since; ///< the smallest dialect that has it
};

constexpr std::array<FoldMacro, 21> kFolds{{
    {"all", 1, 1, Fold::all, Dialect::core},
    {"exists", 1, 1, Fold::exists, Dialect::core},
    {"exists_one", 1, 1, Fold::exists_one, Dialect::core},
    {"existsOne", 1, 1, Fold::exists_one, Dialect::core},
    {"map", 1, 1, Fold::map, Dialect::core},
    {"map", 1, 2, Fold::map, Dialect::core},
    {"filter", 1, 1, Fold::filter, Dialect::core},
    {"all", 2, 1, Fold::all, Dialect::kubernetes},
    {"exists", 2, 1, Fold::exists, Dialect::kubernetes},
    {"exists_one", 2, 1, Fold::exists_one, Dialect::kubernetes},
    {"existsOne", 2, 1, Fold::exists_one, Dialect::kubernetes},
    {"transformList", 2, 1, Fold::map, Dialect::kubernetes},
    {"transformList", 2, 2, Fold::map, Dialect::kubernetes},
    {"transformMap", 2, 1, Fold::to_map, Dialect::kubernetes},
    {"transformMap", 2, 2, Fold::to_map, Dialect::kubernetes},
    {"transformMapEntry", 2, 1, Fold::to_entries, Dialect::kubernetes},
    {"transformMapEntry", 2, 2, Fold::to_entries, Dialect::kubernetes},
    {"sortBy", 1, 1, Fold::sort_by, Dialect::standard},
    {"optMap", 1, 1, Fold::optional_map, Dialect::kubernetes},
    {"optFlatMap", 1, 1, Fold::optional_flat_map, Dialect::kubernetes},
    {"", 0, 0, Fold::all, Dialect::kubernetes},
}};

bool is_simple_name(const Expr& expr) {
  return expr.kind == ExprKind::identifier && !expr.absolute;
}

bool is_namespace(const Ast& ast, ExprId id, std::string_view name) {
  return id != kNoExpr && is_simple_name(ast[id]) && ast[id].name == name;
}

ExprId expand_fold(Parser& parser, const MacroCall& call, const FoldMacro& macro) {
  Ast& ast = parser.ast();
  for (std::size_t i = 0; i < macro.variables; ++i) {
    const Expr& variable = ast[call.arguments[i]];
    if (!is_simple_name(variable)) {
      return parser.fail(variable.whole, std::string(call.name) + "() needs a simple name here");
    }
  }
  if (macro.variables == 2 && ast[call.arguments[0]].name == ast[call.arguments[1]].name) {
    return parser.fail(ast[call.arguments[1]].span,
                       std::string(call.name) + "() needs two different names");
  }
  Expr fold;
  fold.kind = ExprKind::comprehension;
  fold.fold = macro.fold;
  fold.span = call.span;
  fold.whole = call.whole;
  if (macro.variables == 2) fold.key_name = ast[call.arguments[0]].name;
  fold.name = ast[call.arguments[macro.variables - 1]].name;
  fold.operands = {call.receiver};
  fold.operands.insert(fold.operands.end(),
                       call.arguments.begin() + static_cast<std::ptrdiff_t>(macro.variables),
                       call.arguments.end());
  return parser.add(std::move(fold));
}

ExprId expand_has(Parser& parser, const MacroCall& call) {
  Expr test = parser.ast()[call.arguments[0]];
  if (test.kind != ExprKind::select || test.optional || test.test) {
    return parser.fail(test.whole, "has() needs a field selection, for instance has(a.b)");
  }
  test.test = true;
  return parser.add(std::move(test));
}

ExprId expand_bind(Parser& parser, const MacroCall& call) {
  const Expr& variable = parser.ast()[call.arguments[0]];
  if (!is_simple_name(variable)) {
    return parser.fail(variable.whole, "cel.bind() needs a simple name here");
  }
  Expr bind;
  bind.kind = ExprKind::bind;
  bind.name = variable.name;
  bind.span = call.span;
  bind.whole = call.whole;
  bind.operands = {call.arguments[1], call.arguments[2]};
  return parser.add(std::move(bind));
}

// cel.block, cel.index and cel.iterVar are how optimizers write common sub-expressions down; the
// conformance cases contain them.

ExprId expand_block(Parser& parser, const MacroCall& call) {
  Ast& ast = parser.ast();
  if (ast[call.arguments[0]].kind != ExprKind::list) {
    return parser.fail(ast[call.arguments[0]].whole, "cel.block() needs a list here");
  }
  const std::vector<ExprId> values = ast[call.arguments[0]].operands;
  ExprId body = call.arguments[1];
  for (std::size_t i = values.size(); i-- > 0;) {
    Expr bind;
    bind.kind = ExprKind::bind;
    bind.name = "@index" + std::to_string(i);
    bind.span = call.span;
    bind.whole = call.whole;
    bind.operands = {values[i], body};
    body = parser.add(std::move(bind));
    if (body == kNoExpr) return kNoExpr;
  }
  return body;
}

ExprId expand_variable(Parser& parser, const MacroCall& call, std::string name) {
  for (const ExprId argument : call.arguments) {
    const Expr& number = parser.ast()[argument];
    if (number.kind != ExprKind::literal || !number.literal.is(Kind::int64)) {
      return parser.fail(number.whole, "only a number can stand here");
    }
    name += ":" + std::to_string(number.literal.as_int());
  }
  Expr variable;
  variable.kind = ExprKind::identifier;
  variable.name = std::move(name);
  variable.span = call.whole;
  return parser.add(std::move(variable));
}

std::optional<ExprId> expand_cel(Parser& parser, const MacroCall& call) {
  const std::size_t count = call.arguments.size();
  if (call.name == "bind" && count == 3) return expand_bind(parser, call);
  if (call.name == "block" && count == 2) return expand_block(parser, call);
  if (call.name == "iterVar" && count == 2) return expand_variable(parser, call, "@it");
  if (call.name == "index" && count == 1) {
    const ExprId id = expand_variable(parser, call, "@index");
    if (id != kNoExpr) parser.ast()[id].name.erase(6, 1); // "@index:3" is the bind's "@index3"
    return id;
  }
  return std::nullopt;
}

/// math.greatest(a, b, c) takes any number of arguments: from three on they become one list.
std::optional<ExprId> expand_extremum(Parser& parser, const MacroCall& call) {
  if (call.arguments.empty()) {
    return parser.fail(call.span, "math." + std::string(call.name) + "() needs an argument");
  }
  for (const ExprId argument : call.arguments) {
    const Expr& expr = parser.ast()[argument];
    const bool list = expr.kind == ExprKind::list && call.arguments.size() == 1;
    const bool wrong_literal = expr.kind == ExprKind::literal && !expr.literal.is_number();
    if (wrong_literal || expr.kind == ExprKind::map || expr.kind == ExprKind::object ||
        (expr.kind == ExprKind::list && !list)) {
      return parser.fail(expr.whole, "math." + std::string(call.name) +
                                         "() needs numbers or a list of numbers");
    }
  }
  if (call.arguments.size() < 3) return std::nullopt;
  Expr list;
  list.kind = ExprKind::list;
  list.span = call.whole;
  list.operands = call.arguments;
  list.optional_operands.assign(call.arguments.size(), 0);
  const ExprId numbers = parser.add(std::move(list));
  Expr whole_call;
  whole_call.kind = ExprKind::call;
  whole_call.name = call.name;
  whole_call.member = true;
  whole_call.span = call.span;
  whole_call.whole = call.whole;
  whole_call.operands = {call.receiver, numbers};
  return parser.add(std::move(whole_call));
}

} // namespace

std::optional<ExprId> expand_macro(Parser& parser, const MacroCall& call, Dialect dialect) {
  if (call.receiver == kNoExpr) {
    if (call.name == "has" && call.arguments.size() == 1) return expand_has(parser, call);
    return std::nullopt;
  }
  if (dialect == Dialect::standard && is_namespace(parser.ast(), call.receiver, "cel")) {
    if (auto expansion = expand_cel(parser, call)) return expansion;
  }
  if (dialect == Dialect::standard && is_namespace(parser.ast(), call.receiver, "math") &&
      (call.name == "greatest" || call.name == "least")) {
    return expand_extremum(parser, call);
  }
  for (const FoldMacro& macro : kFolds) {
    if (macro.name != call.name || macro.variables + macro.bodies != call.arguments.size())
      continue;
    if (macro.since > dialect) continue;
    // map(x, f, t) has a filter, all(i, x, p) has two variables: the table has no name twice with
    // the same count, but for "map" and "transformList", whose counts differ.
    return expand_fold(parser, call, macro);
  }
  return std::nullopt;
}

} // namespace allod::cel
