// The checker's part for calls and operators.
#include <algorithm>
#include <utility>

#include "cel/check/checker_impl.h"
#include "cel/check/suggest.h"

namespace allod::cel {

namespace {

/// How an operator's function is written in an expression.
std::string operator_text(std::string_view name) {
  if (name == "@in") return "in";
  if (name == "_[_]" || name == "_[?_]") return "[]";
  std::string text;
  for (const char c : name) {
    if (c != '_') text += c;
  }
  return text;
}

bool is_operator(std::string_view name) {
  return name.starts_with('_') || name.starts_with('@') || name == "!_" || name == "-_";
}

std::string list_types(const std::vector<std::string>& types) {
  std::string text;
  for (const std::string& type : types)
    text += (text.empty() ? "" : ", ") + type;
  return text;
}

} // namespace

Type Checker::check_call(ExprId id) {
  const Expr& expr = ast_[id];
  if (expr.name == "_&&_" || expr.name == "_||_") return check_logical(expr);
  if (expr.name == "_?_:_") return check_conditional(expr);
  bool qualified = false;
  auto function = find_function(expr, qualified);
  Reference& reference = checked_.references[id];
  reference.meaning = Meaning::function;
  reference.qualified = qualified;
  std::vector<Type> arguments;
  for (std::size_t i = qualified ? 1 : 0; i < expr.operands.size(); ++i) {
    arguments.push_back(check(expr.operands[i]));
  }
  if (error_) return Type::dyn();
  if (!function) return undeclared_function(id);
  reference.function = std::move(function);
  if (expr.name == "_[_]" || expr.name == "_[?_]") {
    const Type receiver = substitution_.apply(arguments[0]);
    const bool object = receiver.is(TypeKind::object) || (receiver.is(TypeKind::optional) &&
                                                          receiver.element().is(TypeKind::object));
    if (object) return check_index(id, receiver, arguments[1]);
  }
  return resolve_overloads(id, expr.member && !qualified, arguments);
}

/// object["field"] is the same as object.field; an index that is not constant gives dyn.
Type Checker::check_index(ExprId id, const Type& receiver, const Type& index) {
  const Expr& expr = ast_[id];
  const bool wrapped = receiver.is(TypeKind::optional);
  const Type object = wrapped ? receiver.element() : receiver;
  if (!substitution_.assign(Type::string(), index)) {
    return fail(ast_[expr.operands[1]].whole,
                "the fields of " + object.name() + " have names, not " + shown(index));
  }
  const Expr& key = ast_[expr.operands[1]];
  Type field = Type::dyn();
  if (key.kind == ExprKind::literal && key.literal.is(Kind::string)) {
    field = field_type(id, object, std::string(key.literal.as_string()));
  }
  return wrapped || expr.name == "_[?_]" ? Type::optional(field) : field;
}

Type Checker::check_logical(const Expr& expr) {
  for (const ExprId operand : expr.operands) {
    const Type type = check(operand);
    if (error_) break;
    if (!substitution_.assign(Type::boolean(), type)) {
      fail(ast_[operand].whole,
           "the operator " + operator_text(expr.name) + " needs bools, not " + shown(type));
    }
  }
  return Type::boolean();
}

Type Checker::check_conditional(const Expr& expr) {
  const Type condition = check(expr.operands[0]);
  if (!error_) want_bool(expr.operands[0], condition);
  const Type yes = check(expr.operands[1]);
  const Type no = check(expr.operands[2]);
  if (error_) return Type::dyn();
  if (substitution_.assign(yes, no)) {
    return more_general(substitution_.apply(yes), substitution_.apply(no));
  }
  return fail(expr.span,
              "the two results of ?: differ in type: " + shown(yes) + " and " + shown(no),
              "dyn(…) around one of them makes the result dyn");
}

/// a.b.f(x) is a call of the function "a.b.f" when there is one, and else of f with receiver a.b.
std::shared_ptr<const Function> Checker::find_function(const Expr& call, bool& qualified) const {
  if (is_operator(call.name)) return environment_.find_function(call.name);
  if (call.member) {
    bool absolute = false;
    if (const auto prefix = qualified_name(call.operands[0], absolute)) {
      for (const std::string& name : candidates(*prefix + "." + call.name, absolute)) {
        auto function = environment_.find_function(name);
        if (!function) continue;
        qualified = true;
        return function;
      }
    }
    return environment_.find_function(call.name);
  }
  for (const std::string& name : candidates(call.name, call.absolute)) {
    if (auto function = environment_.find_function(name)) return function;
  }
  return nullptr;
}

Type Checker::resolve_overloads(ExprId id, bool member, const std::vector<Type>& arguments) {
  Reference& reference = checked_.references[id];
  const Function& function = *reference.function;
  std::optional<Type> result;
  std::vector<std::uint32_t> by_count;
  for (std::uint32_t i = 0; i < function.overloads.size(); ++i) {
    const Overload& overload = function.overloads[i];
    if (overload.member != member || overload.parameters.size() != arguments.size()) continue;
    by_count.push_back(i);
    std::vector<Type> types = overload.parameters;
    types.push_back(overload.result);
    types = substitution_.instantiate(types);
    const Type overload_result = types.back();
    types.pop_back();
    if (!substitution_.assign_all(types, arguments)) continue;
    reference.overloads.push_back(i);
    const Type applied = substitution_.apply(overload_result);
    if (!result) {
      result = applied;
    } else if (!(*result == applied)) {
      result = Type::dyn();
    }
  }
  if (result) {
    // Unchecked, values decide alone.
    if (!strict_) reference.overloads = std::move(by_count);
    return strict_ ? *result : Type::dyn();
  }
  reference.overloads = std::move(by_count);
  return no_overload(id, function, arguments);
}

Type Checker::undeclared_function(ExprId id) {
  const Expr& expr = ast_[id];
  std::vector<std::string> known;
  for (const std::string& name : environment_.function_names()) {
    if (is_operator(name)) continue;
    known.push_back(name);
    // "math.abs" is near to "maths.abs" and to "abs" alike.
    const std::size_t dot = name.rfind('.');
    if (dot != std::string::npos && name.substr(dot + 1) == expr.name) {
      return fail_at(id, expr.span, "there is no function \"" + expr.name + "\"",
                     "did you mean \"" + name + "\"?");
    }
  }
  for (const char* macro : {"has", "all", "exists", "exists_one", "map", "filter", "optMap",
                            "optFlatMap", "sortBy", "transformList", "transformMap"}) {
    known.emplace_back(macro);
  }
  return fail_at(id, expr.span, "there is no function \"" + expr.name + "\"",
                 did_you_mean(expr.name, known));
}

Type Checker::no_overload(ExprId id, const Function& function, const std::vector<Type>& arguments) {
  constexpr std::size_t kMostShown = 8;
  const Expr& expr = ast_[id];
  std::vector<std::string> given;
  for (const Type& type : arguments)
    given.push_back(shown(type));
  if (is_operator(function.name)) {
    return fail(expr.span, "the operator " + operator_text(function.name) + " does not take (" +
                               list_types(given) + ")");
  }
  std::string hint;
  for (std::size_t i = 0; i < function.overloads.size() && i < kMostShown; ++i) {
    const Overload& overload = function.overloads[i];
    std::vector<std::string> wanted;
    for (const Type& type : overload.parameters)
      wanted.push_back(type.to_string());
    std::string receiver;
    if (overload.member) {
      receiver = wanted.front() + ".";
      wanted.erase(wanted.begin());
    }
    hint += (hint.empty() ? "there is " : ", ") + receiver + function.name + "(" +
            list_types(wanted) + ")";
  }
  std::string receiver;
  if (expr.member && !checked_.references[id].qualified && !given.empty()) {
    receiver = given.front() + ".";
    given.erase(given.begin());
  }
  return fail(expr.span,
              "no overload fits " + receiver + function.name + "(" + list_types(given) + ")",
              std::move(hint));
}

} // namespace allod::cel
