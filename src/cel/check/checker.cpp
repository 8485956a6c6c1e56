#include "cel/check/checker.h"

#include <algorithm>
#include <utility>

#include "cel/check/checker_impl.h"
#include "cel/syntax/source.h"

namespace allod::cel {

namespace {

Type literal_type(const Value& value) {
  switch (value.kind()) {
  case Kind::null:
    return Type::null();
  case Kind::boolean:
    return Type::boolean();
  case Kind::int64:
    return Type::int64();
  case Kind::uint64:
    return Type::uint64();
  case Kind::float64:
    return Type::float64();
  case Kind::string:
    return Type::string();
  case Kind::bytes:
    return Type::bytes();
  default:
    return Type::dyn();
  }
}

/// What cannot be a key fails when evaluating; as a type it must not nest, or types of maps of maps
/// would grow exponentially.
Type key_type(const Type& type) {
  switch (type.kind()) {
  case TypeKind::boolean:
  case TypeKind::int64:
  case TypeKind::uint64:
  case TypeKind::float64:
  case TypeKind::string:
  case TypeKind::parameter:
    return type;
  default:
    return Type::dyn();
  }
}

} // namespace

Result<Checked> Checker::run(const std::optional<Type>& expected) {
  const Type result = check(ast_.root);
  if (!error_ && strict_ && expected && !substitution_.assign(*expected, result)) {
    fail(ast_[ast_.root].whole, "the expression is of type " + shown(result) + ", but " +
                                    expected->to_string() + " is wanted");
  }
  if (error_) return std::move(*error_);
  for (Type& type : checked_.types)
    type = substitution_.apply(type, true);
  return std::move(checked_);
}

Type Checker::fail(Span span, std::string message, std::string hint) {
  if (!strict_ || error_) return Type::dyn();
  error_ = error_at(source_, span, std::move(message));
  if (!hint.empty()) error_ = std::move(*error_).with_hint(std::move(hint));
  return Type::dyn();
}

Type Checker::fail_at(ExprId id, Span span, std::string message, std::string hint) {
  Reference& reference = checked_.references[id];
  reference.meaning = Meaning::failure;
  reference.name = message;
  return fail(span, std::move(message), std::move(hint));
}

Type Checker::check(ExprId id) {
  if (error_) return Type::dyn();
  const Type type = check_kind(id);
  checked_.types[id] = type;
  return type;
}

Type Checker::check_kind(ExprId id) {
  const Expr& expr = ast_[id];
  switch (expr.kind) {
  case ExprKind::literal:
    return literal_type(expr.literal);
  case ExprKind::identifier:
    return check_identifier(id);
  case ExprKind::select:
    return check_select(id);
  case ExprKind::call:
    return check_call(id);
  case ExprKind::list:
    return check_list(expr);
  case ExprKind::map:
    return check_map(expr);
  case ExprKind::object:
    return check_object(id);
  case ExprKind::comprehension:
    return check_comprehension(id);
  case ExprKind::bind:
    return check_bind(id);
  case ExprKind::interpolation:
    return check_interpolation(expr);
  }
  return Type::dyn();
}

/// The type of a list whose elements so far are `before` and whose next one is `now`.
Type Checker::join(const std::optional<Type>& before, const Type& now) {
  if (!before) return now;
  if (substitution_.assign(*before, now)) {
    return more_general(substitution_.apply(*before), substitution_.apply(now));
  }
  return Type::dyn();
}

/// What an optional value holds that stands in a list or map with ? in front.
Type Checker::check_optional_entry(ExprId id) {
  const Type type = check(id);
  const Type content = substitution_.fresh();
  if (!substitution_.assign(Type::optional(content), type)) {
    return fail(ast_[id].whole, "an entry with ? needs an optional value, not " + shown(type));
  }
  return substitution_.apply(type).is(TypeKind::dyn) ? Type::dyn() : substitution_.apply(content);
}

Type Checker::check_list(const Expr& expr) {
  std::optional<Type> element;
  for (std::size_t i = 0; i < expr.operands.size(); ++i) {
    const bool optional = expr.optional_operands[i] != 0;
    const ExprId id = expr.operands[i];
    element = join(element, optional ? check_optional_entry(id) : check(id));
  }
  return Type::list(element.value_or(substitution_.fresh()));
}

Type Checker::check_map(const Expr& expr) {
  std::optional<Type> key;
  std::optional<Type> value;
  for (std::size_t i = 0; i < expr.optional_operands.size(); ++i) {
    key = join(key, key_type(check(expr.operands[2 * i])));
    const bool optional = expr.optional_operands[i] != 0;
    const ExprId id = expr.operands[2 * i + 1];
    value = join(value, optional ? check_optional_entry(id) : check(id));
  }
  return Type::map(key.value_or(substitution_.fresh()), value.value_or(substitution_.fresh()));
}

Type Checker::check_object(ExprId id) {
  const Expr& expr = ast_[id];
  const ObjectType* object = nullptr;
  std::string resolved;
  for (const std::string& name : candidates(expr.name, expr.absolute)) {
    object = environment_.find_object(name);
    resolved = name;
    if (object != nullptr) break;
  }
  for (const ExprId operand : expr.operands)
    check(operand);
  if (error_) return Type::dyn();
  if (object == nullptr) {
    return fail_at(id, expr.span, "there is no object type \"" + expr.name + "\"");
  }
  if (object->open) return check_open_object(id, resolved);
  for (std::size_t i = 0; i < expr.fields.size(); ++i) {
    const Field* field = object->find(expr.fields[i]);
    if (field == nullptr) return unknown_field(id, *object, expr.fields[i]);
    const Type wanted = expr.optional_operands[i] != 0 ? Type::optional(field->type) : field->type;
    const Type given = checked_.types[expr.operands[i]];
    if (!substitution_.assign(wanted, given)) {
      return fail(ast_[expr.operands[i]].whole, "the field \"" + field->name + "\" of " +
                                                    object->name + " is " + wanted.to_string() +
                                                    ", not " + shown(given));
    }
  }
  return Type::object(object->name);
}

/// Kubernetes wants objects within an open one named by their place in it: what stands in the field
/// "spec" of Object is an Object.spec.
Type Checker::check_open_object(ExprId id, const std::string& name) {
  const Expr& expr = ast_[id];
  for (std::size_t i = 0; i < expr.fields.size(); ++i) {
    const Type given = checked_.types[expr.operands[i]];
    const Type inner = given.is(TypeKind::list) ? given.element() : given;
    if (!inner.is(TypeKind::object)) continue;
    const std::string wanted = name + "." + expr.fields[i];
    const ObjectType* object = environment_.find_object(inner.name());
    if (object != nullptr && object->open && inner.name() != wanted) {
      return fail(ast_[expr.operands[i]].whole, "an object in the field \"" + expr.fields[i] +
                                                    "\" of " + name + " is " + wanted +
                                                    "{…}, not " + inner.name() + "{…}");
    }
  }
  return Type::object(name);
}

std::uint32_t Checker::push_local(const std::string& name, const Type& type) {
  const std::uint32_t slot = next_slot_++;
  checked_.slot_count = std::max(checked_.slot_count, next_slot_);
  locals_.push_back({name, type, slot});
  return slot;
}

Type Checker::check_bind(ExprId id) {
  const Expr& expr = ast_[id];
  const Type value = check(expr.operands[0]);
  checked_.slots[id] = push_local(expr.name, value);
  const Type result = check(expr.operands[1]);
  locals_.pop_back();
  --next_slot_;
  return result;
}

Type Checker::check_interpolation(const Expr& expr) {
  for (const ExprId operand : expr.operands) {
    const Type type = substitution_.apply(check(operand), true);
    if (error_) break;
    switch (type.kind()) {
    case TypeKind::dyn:
    case TypeKind::string:
    case TypeKind::int64:
    case TypeKind::uint64:
    case TypeKind::float64:
    case TypeKind::boolean:
      break;
    default:
      fail(ast_[operand].whole, "a value of type " + type.to_string() + " cannot be part of a text",
           "a text takes string, int, uint, double and bool");
    }
  }
  return Type::string();
}

Result<Checked> check(const Environment& environment, std::string_view source, const Ast& ast,
                      bool strict, const std::optional<Type>& expected) {
  return Checker(environment, source, ast, strict).run(expected);
}

} // namespace allod::cel
