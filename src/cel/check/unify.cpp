#include "cel/check/unify.h"

#include <algorithm>
#include <utility>

namespace allod::cel {

namespace {

/// Kinds that null may stand in for; the specification has messages and abstract types nullable.
bool takes_null(const Type& type) {
  switch (type.kind()) {
  case TypeKind::null:
  case TypeKind::nullable:
  case TypeKind::object:
  case TypeKind::opaque:
  case TypeKind::optional:
  case TypeKind::timestamp:
  case TypeKind::duration:
    return true;
  default:
    return false;
  }
}

/// Whether `left` takes at least everything that `right` takes.
bool at_least_as_general(const Type& left, const Type& right) {
  if (left.is(TypeKind::dyn) || left.is(TypeKind::parameter)) return true;
  if (right.is(TypeKind::dyn) || right.is(TypeKind::parameter)) return false;
  if (right.is(TypeKind::null)) return takes_null(left);
  if (left.is(TypeKind::nullable) && !right.is(TypeKind::nullable)) return true;
  if (left.kind() != right.kind()) return false;
  if (left.is(TypeKind::type)) return true;
  const auto& a = left.parameters();
  const auto& b = right.parameters();
  if (left.name() != right.name() || a.size() != b.size()) return false;
  return std::equal(a.begin(), a.end(), b.begin(), at_least_as_general);
}

Type with_parameters(const Type& type, std::vector<Type> parameters) {
  switch (type.kind()) {
  case TypeKind::list:
    return Type::list(parameters[0]);
  case TypeKind::map:
    return Type::map(parameters[0], parameters[1]);
  case TypeKind::type:
    return Type::type(parameters[0]);
  case TypeKind::optional:
    return Type::optional(parameters[0]);
  case TypeKind::nullable:
    return Type::nullable(parameters[0]);
  default:
    return Type::opaque(type.name(), std::move(parameters));
  }
}

} // namespace

Type more_general(const Type& left, const Type& right) {
  return at_least_as_general(left, right) ? left : right;
}

bool Substitution::assign(const Type& to, const Type& from) {
  return assign_all({to}, {from});
}

bool Substitution::assign_all(const std::vector<Type>& to, const std::vector<Type>& from) {
  journal_.clear();
  if (assignable_all(to, from)) return true;
  for (auto change = journal_.rbegin(); change != journal_.rend(); ++change) {
    if (change->before) {
      bindings_.insert_or_assign(change->name, *change->before);
    } else {
      bindings_.erase(change->name);
    }
  }
  return false;
}

void Substitution::set(const std::string& name, const Type& type) {
  const auto found = bindings_.find(name);
  if (found == bindings_.end()) {
    journal_.push_back({name, std::nullopt});
    bindings_.emplace(name, type);
  } else {
    journal_.push_back({name, found->second});
    found->second = type;
  }
}

bool Substitution::assignable_all(const std::vector<Type>& to, const std::vector<Type>& from) {
  if (to.size() != from.size()) return false;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (!assignable(to[i], from[i])) return false;
  }
  return true;
}

bool Substitution::assignable(const Type& to, const Type& from) {
  bool bound_before = false;
  if (from.is(TypeKind::parameter)) {
    if (bind(from, to, bound_before)) return true;
    if (bound_before) return false;
  }
  if (to.is(TypeKind::parameter)) return bind(to, from, bound_before);
  if (to.is(TypeKind::dyn) || from.is(TypeKind::dyn)) return true;
  if (from.is(TypeKind::null)) return takes_null(to);
  if (to.is(TypeKind::null)) return takes_null(from);
  if (to.is(TypeKind::nullable)) {
    return assignable(to.element(), from.is(TypeKind::nullable) ? from.element() : from);
  }
  // The specification lets a wrapper stand for its scalar; a null fails when evaluating.
  if (from.is(TypeKind::nullable)) return assignable(to, from.element());
  const bool object_as_map = to.is(TypeKind::map) && from.is(TypeKind::object);
  if (object_as_map) {
    return assignable(to.key(), Type::string()) && assignable(to.value(), Type::dyn());
  }
  if (to.kind() != from.kind() || to.name() != from.name()) return false;
  if (to.is(TypeKind::type)) return true;
  return assignable_all(to.parameters(), from.parameters());
}

bool Substitution::bind(const Type& parameter, const Type& type, bool& bound_before) {
  if (type == parameter) {
    bound_before = true;
    return true;
  }
  const auto found = bindings_.find(parameter.name());
  if (found == bindings_.end()) {
    if (occurs(parameter, type)) return false;
    set(parameter.name(), type);
    return true;
  }
  bound_before = true;
  const Type bound = found->second;
  if (bound == type) return true;
  if (!assignable(type, bound)) return false;
  const Type general = more_general(type, bound);
  if (!occurs(parameter, general)) set(parameter.name(), general);
  return true;
}

bool Substitution::occurs(const Type& parameter, const Type& inside) const {
  if (inside == parameter) return true;
  if (inside.is(TypeKind::parameter)) {
    const auto found = bindings_.find(inside.name());
    return found != bindings_.end() && occurs(parameter, found->second);
  }
  return std::any_of(inside.parameters().begin(), inside.parameters().end(),
                     [&](const Type& part) { return occurs(parameter, part); });
}

Type Substitution::resolve(const Type& parameter) {
  std::vector<std::string> passed;
  Type end = parameter;
  while (end.is(TypeKind::parameter)) {
    const auto found = bindings_.find(end.name());
    if (found == bindings_.end()) break;
    passed.push_back(end.name());
    end = found->second;
  }
  // Chains grow with every use of a list without elements; each is walked once. No assignment is
  // under way here that could take a link back.
  for (const std::string& name : passed)
    bindings_.insert_or_assign(name, end);
  return end;
}

Type Substitution::apply(const Type& type, bool free_as_dyn) {
  if (type.is(TypeKind::parameter)) {
    const Type end = resolve(type);
    if (!end.is(TypeKind::parameter)) return apply(end, free_as_dyn);
    return free_as_dyn ? Type::dyn() : end;
  }
  if (type.parameters().empty()) return type;
  std::vector<Type> parameters;
  for (const Type& parameter : type.parameters())
    parameters.push_back(apply(parameter, free_as_dyn));
  return with_parameters(type, std::move(parameters));
}

Type Substitution::fresh() {
  return Type::parameter("_" + std::to_string(next_++));
}

Type Substitution::rename(const Type& type, std::map<std::string, Type>& names) {
  if (type.is(TypeKind::parameter)) {
    auto found = names.find(type.name());
    if (found == names.end()) found = names.emplace(type.name(), fresh()).first;
    return found->second;
  }
  if (type.parameters().empty()) return type;
  std::vector<Type> parameters;
  for (const Type& parameter : type.parameters())
    parameters.push_back(rename(parameter, names));
  return with_parameters(type, std::move(parameters));
}

std::vector<Type> Substitution::instantiate(const std::vector<Type>& types) {
  std::map<std::string, Type> names;
  std::vector<Type> fresh_types;
  fresh_types.reserve(types.size());
  for (const Type& type : types)
    fresh_types.push_back(rename(type, names));
  return fresh_types;
}

} // namespace allod::cel
