// The checker's part for names: variables, types, fields (CEL specification, "Name Resolution").
#include <algorithm>
#include <utility>

#include "cel/check/checker_impl.h"
#include "cel/check/suggest.h"

namespace allod::cel {

const Checker::Local* Checker::find_local(std::string_view name) const {
  const auto found = std::find_if(locals_.rbegin(), locals_.rend(),
                                  [name](const Local& local) { return local.name == name; });
  return found == locals_.rend() ? nullptr : &*found;
}

/// A name in a container A.B can mean A.B.name, A.name or name, in this order.
std::vector<std::string> Checker::candidates(std::string_view name, bool absolute) const {
  std::vector<std::string> all;
  if (!absolute) {
    std::string container = environment_.container();
    while (!container.empty()) {
      all.push_back(container + "." + std::string(name));
      const std::size_t dot = container.rfind('.');
      container.resize(dot == std::string::npos ? 0 : dot);
    }
  }
  all.emplace_back(name);
  return all;
}

bool Checker::resolve_name(ExprId id, const std::string& name, bool absolute) {
  Reference& reference = checked_.references[id];
  for (std::string& candidate : candidates(name, absolute)) {
    if (const Type* type = environment_.find_variable(candidate)) {
      reference.meaning = Meaning::variable;
      reference.name = std::move(candidate);
      checked_.types[id] = *type;
      return true;
    }
    const ObjectType* object = environment_.find_object(candidate);
    const Type* type = environment_.find_type(candidate);
    if (object != nullptr || type != nullptr) {
      reference.meaning = Meaning::type;
      checked_.types[id] = Type::type(object != nullptr ? Type::object(candidate) : *type);
      // An object is a map at run time, and so is its type.
      reference.name = object != nullptr ? "map" : std::move(candidate);
      return true;
    }
  }
  return false;
}

Type Checker::undeclared(ExprId id, const std::string& name) {
  if (!strict_) {
    // The activation may have it.
    checked_.references[id].meaning = Meaning::variable;
    checked_.references[id].name = name;
    return Type::dyn();
  }
  std::vector<std::string> known = environment_.variable_names();
  for (const Local& local : locals_)
    known.push_back(local.name);
  std::string hint = did_you_mean(name, known);
  if (hint.empty() && environment_.find_function(name) != nullptr) {
    hint = "\"" + name + "\" is a function; call it with parentheses";
  }
  return fail_at(id, ast_[id].span, "there is no variable \"" + name + "\"", std::move(hint));
}

Type Checker::check_identifier(ExprId id) {
  const Expr& expr = ast_[id];
  if (!expr.absolute) {
    if (const Local* local = find_local(expr.name)) {
      Reference& reference = checked_.references[id];
      reference.meaning = Meaning::local;
      reference.slot = local->slot;
      return local->type;
    }
  }
  if (resolve_name(id, expr.name, expr.absolute)) return checked_.types[id];
  return undeclared(id, expr.name);
}

/// "a.b.c" for plain selections that start at a name which is no local variable.
std::optional<std::string> Checker::qualified_name(ExprId id, bool& absolute) const {
  const Expr& expr = ast_[id];
  if (expr.kind == ExprKind::identifier) {
    if (!expr.absolute && find_local(expr.name) != nullptr) return std::nullopt;
    absolute = expr.absolute;
    return expr.name;
  }
  if (expr.kind != ExprKind::select || expr.optional || expr.test) return std::nullopt;
  auto prefix = qualified_name(expr.operands[0], absolute);
  if (!prefix) return std::nullopt;
  return *prefix + "." + expr.name;
}

Type Checker::check_select(ExprId id) {
  const Expr& expr = ast_[id];
  bool absolute = false;
  // The longest name that is declared wins over selecting from a shorter one.
  if (const auto name = qualified_name(id, absolute)) {
    if (resolve_name(id, *name, absolute)) return checked_.types[id];
  }
  Type operand = substitution_.apply(check(expr.operands[0]));
  if (error_) return Type::dyn();
  const bool wrapped = operand.is(TypeKind::optional);
  if (wrapped) operand = operand.element();
  const Type field = field_type(id, operand, expr.name);
  if (expr.test) return Type::boolean();
  return wrapped || expr.optional ? Type::optional(field) : field;
}

Type Checker::field_type(ExprId id, const Type& type, const std::string& field) {
  switch (type.kind()) {
  case TypeKind::dyn:
  case TypeKind::parameter:
    return Type::dyn();
  case TypeKind::map:
    return type.value();
  case TypeKind::object: {
    const ObjectType* object = environment_.find_object(type.name());
    if (object == nullptr || object->open) return Type::dyn();
    const Field* found = object->find(field);
    return found != nullptr ? found->type : unknown_field(id, *object, field);
  }
  default:
    return fail(ast_[id].span, "a value of type " + shown(type) +
                                   " has no fields, so none named \"" + field + "\"");
  }
}

Type Checker::unknown_field(ExprId id, const ObjectType& object, const std::string& field) {
  constexpr std::size_t kMostShown = 24;
  std::vector<std::string> names;
  for (const Field& known : object.fields)
    names.push_back(known.name);
  std::string message = object.name + " has no field \"" + field + "\"";
  if (names.empty()) {
    message += "; it has no fields";
  } else {
    message += "; its fields are ";
    for (std::size_t i = 0; i < names.size() && i < kMostShown; ++i) {
      message += (i > 0 ? ", " : "") + names[i];
    }
    if (names.size() > kMostShown) message += ", …";
  }
  return fail(ast_[id].span, std::move(message), did_you_mean(field, names));
}

} // namespace allod::cel
