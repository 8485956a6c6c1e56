// The checker's part for comprehensions.
#include "cel/check/checker_impl.h"

namespace allod::cel {

std::optional<Checker::Range> Checker::range_of(const Expr& expr, const Type& type) {
  const bool optional = expr.fold == Fold::optional_map || expr.fold == Fold::optional_flat_map;
  if (optional) {
    if (type.is(TypeKind::optional)) return Range{Type::dyn(), type.element(), type.element()};
  } else if (type.is(TypeKind::list)) {
    return Range{Type::int64(), type.element(), type.element()};
  } else if (type.is(TypeKind::map) && expr.fold != Fold::sort_by) {
    return Range{type.key(), type.key(), type.value()};
  } else if (type.is(TypeKind::object) && expr.fold != Fold::sort_by) {
    return Range{Type::string(), Type::string(), Type::dyn()};
  }
  if (type.is(TypeKind::dyn) || type.is(TypeKind::parameter)) {
    return Range{Type::dyn(), Type::dyn(), Type::dyn()};
  }
  fail(ast_[expr.operands[0]].whole,
       optional ? "this macro needs an optional value, not " + shown(type)
                : "this macro goes over a list" +
                      std::string(expr.fold == Fold::sort_by ? "" : " or a map") + ", not over " +
                      shown(type));
  return std::nullopt;
}

void Checker::want_bool(ExprId id, const Type& type) {
  if (!substitution_.assign(Type::boolean(), type)) {
    fail(ast_[id].whole, "a bool is wanted here, not " + shown(type));
  }
}

Type Checker::check_comprehension(ExprId id) {
  const Expr& expr = ast_[id];
  const Type range_type = substitution_.apply(check(expr.operands[0]));
  if (error_) return Type::dyn();
  auto range = range_of(expr, range_type);
  if (!range) {
    if (strict_) return Type::dyn();
    range = Range{Type::dyn(), Type::dyn(), Type::dyn()};
  }
  const bool two_variables = !expr.key_name.empty();
  if (two_variables) {
    checked_.slots[id] = push_local(expr.key_name, range->key);
    push_local(expr.name, range->value);
  } else {
    checked_.slots[id] = push_local(expr.name, range->element);
  }
  if (expr.operands.size() == 3) want_bool(expr.operands[1], check(expr.operands[1]));
  const ExprId body = expr.operands.back();
  const Type body_type = check(body);
  const Type result = error_ ? Type::dyn() : fold_result(expr, *range, body_type);
  const std::uint32_t variables = two_variables ? 2 : 1;
  locals_.resize(locals_.size() - variables);
  next_slot_ -= variables;
  return result;
}

Type Checker::fold_result(const Expr& expr, const Range& range, const Type& body) {
  switch (expr.fold) {
  case Fold::all:
  case Fold::exists:
  case Fold::exists_one:
    want_bool(expr.operands.back(), body);
    return Type::boolean();
  case Fold::filter:
    want_bool(expr.operands.back(), body);
    return Type::list(range.element);
  case Fold::map:
    return Type::list(body);
  case Fold::to_map:
    return Type::map(range.key, body);
  case Fold::to_entries: {
    const Type entries = Type::map(substitution_.fresh(), substitution_.fresh());
    if (!substitution_.assign(entries, body)) {
      return fail(ast_[expr.operands.back()].whole,
                  "transformMapEntry() needs a map here, not " + shown(body));
    }
    return entries;
  }
  case Fold::sort_by:
    return Type::list(range.element);
  case Fold::optional_map:
    return Type::optional(body);
  case Fold::optional_flat_map: {
    const Type wrapped = Type::optional(substitution_.fresh());
    if (!substitution_.assign(wrapped, body)) {
      return fail(ast_[expr.operands.back()].whole,
                  "optFlatMap() needs an optional value here, not " + shown(body));
    }
    return wrapped;
  }
  }
  return Type::dyn();
}

} // namespace allod::cel
