#include "cel/environment.h"

#include <algorithm>
#include <set>
#include <utility>

#include "cel/library/library.h"

namespace allod::cel {

namespace {

/// Types that no call can tell apart: parameters and dyn take anything.
bool overlap(const Type& left, const Type& right) {
  const auto open = [](const Type& type) {
    return type.is(TypeKind::dyn) || type.is(TypeKind::parameter);
  };
  if (open(left) || open(right)) return true;
  return left.runtime_name() == right.runtime_name();
}

bool collides(const Overload& left, const Overload& right) {
  if (left.member != right.member || left.parameters.size() != right.parameters.size())
    return false;
  return std::equal(left.parameters.begin(), left.parameters.end(), right.parameters.begin(),
                    overlap);
}

/// Signatures know only names; a name that was declared as an object means the object.
Type resolve_objects(const Environment& environment, const Type& type) {
  if (type.is(TypeKind::opaque) && environment.find_object(type.name()) != nullptr) {
    return Type::object(type.name());
  }
  switch (type.kind()) {
  case TypeKind::list:
    return Type::list(resolve_objects(environment, type.element()));
  case TypeKind::optional:
    return Type::optional(resolve_objects(environment, type.element()));
  case TypeKind::map:
    return Type::map(resolve_objects(environment, type.key()),
                     resolve_objects(environment, type.value()));
  default:
    return type;
  }
}

template<class Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const auto& [name, unused] : table)
    names.push_back(name);
  return names;
}

template<class Table>
auto find_in(const Table& table, std::string_view name) -> decltype(&table.begin()->second) {
  const auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

Environment build_core() {
  Environment environment;
  add_operators(environment);
  add_standard_functions(environment);
  add_conversions(environment);
  add_time_functions(environment);
  for (const Type& type :
       {Type::boolean(), Type::int64(), Type::uint64(), Type::float64(), Type::string(),
        Type::bytes(), Type::list(), Type::map(Type::dyn(), Type::dyn()), Type::null(),
        Type::type(), Type::timestamp(), Type::duration()}) {
    environment.declare_type(type);
  }
  return environment;
}

Environment build_standard() {
  Environment environment = build_core();
  environment.declare_type(Type::optional());
  add_optional_functions(environment);
  add_string_functions(environment);
  add_format_functions(environment);
  add_math_functions(environment);
  add_list_functions(environment);
  add_set_functions(environment);
  add_encoder_functions(environment);
  add_regex_functions(environment);
  add_quantity_functions(environment);
  add_url_functions(environment);
  add_network_functions(environment);
  add_semver_functions(environment);
  add_named_format_functions(environment);
  add_authorizer_functions(environment);
  add_mutation_functions(environment);
  return environment;
}

} // namespace

const Field* ObjectType::find(std::string_view field) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [field](const Field& one) { return one.name == field; });
  return found == fields.end() ? nullptr : &*found;
}

Environment Environment::core() {
  static const Environment prototype = build_core();
  return prototype;
}

Environment Environment::standard() {
  static const Environment prototype = [] {
    Environment environment = build_standard();
    environment.dialect_ = Dialect::standard;
    return environment;
  }();
  return prototype;
}

Environment Environment::kubernetes() {
  static const Environment prototype = [] {
    Environment environment = build_standard();
    environment.dialect_ = Dialect::kubernetes;
    // Libraries that k8s.io/apiserver 0.34 does not have, or only for expressions that were stored
    // by a later version (pkg/cel/environment/base.go: lists came with 1.34, and new expressions
    // see what 1.33 knew).
    for (const std::string& name : environment.function_names()) {
      const bool other = name.starts_with("math.") || name.starts_with("base64.") ||
                         name.starts_with("regex.") || name.starts_with("lists.");
      static const std::set<std::string_view> kLater{"slice", "flatten", "distinct", "reverse",
                                                     "sort"};
      if (other || kLater.contains(name)) environment.functions_.erase(name);
    }
    add_mixed_orders(environment);
    return environment;
  }();
  return prototype;
}

Environment& Environment::declare(std::string name, Type type) {
  const auto next = static_cast<std::uint32_t>(variables_.size());
  const auto [place, added] = variables_.try_emplace(std::move(name), Variable{type, next});
  if (!added) place->second.type = std::move(type);
  return *this;
}

Environment& Environment::declare_object(std::string name, std::vector<Field> fields) {
  auto object = std::make_shared<const ObjectType>(ObjectType{name, std::move(fields), false});
  objects_.insert_or_assign(std::move(name), std::move(object));
  return *this;
}

Environment& Environment::declare_open_object(std::string name) {
  auto object = std::make_shared<const ObjectType>(ObjectType{name, {}, true});
  objects_.insert_or_assign(std::move(name), std::move(object));
  return *this;
}

Environment& Environment::declare_type(Type type) {
  types_.insert_or_assign(type.runtime_name(), type);
  return *this;
}

Environment& Environment::set_container(std::string container) {
  container_ = std::move(container);
  return *this;
}

Status Environment::add(Function function) {
  const bool operator_name = function.name.starts_with('_') || function.name.starts_with('@') ||
                             function.name.starts_with('!') || function.name.starts_with('-');
  if (function.name.empty() || operator_name) {
    return Error(ErrorCode::invalid_input, "\"" + function.name + "\" cannot name a function");
  }
  const auto present = functions_.find(function.name);
  auto merged = std::make_shared<Function>();
  merged->name = function.name;
  if (present != functions_.end()) merged->overloads = present->second->overloads;
  for (Overload& overload : function.overloads) {
    for (const Overload& other : merged->overloads) {
      if (collides(other, overload)) {
        return Error(ErrorCode::already_exists,
                     "\"" + function.name + "\" has an overload for the same arguments already");
      }
    }
    if (overload.member && overload.parameters.empty()) {
      return Error(ErrorCode::invalid_input, "\"" + function.name + "\" has no receiver");
    }
    merged->overloads.push_back(std::move(overload));
  }
  functions_.insert_or_assign(function.name, std::move(merged));
  return {};
}

Status Environment::add(std::string_view signature, Implementation implementation) {
  auto function = parse_signature(signature);
  if (!function) return std::move(function).error();
  for (Overload& overload : function->overloads) {
    for (Type& parameter : overload.parameters)
      parameter = resolve_objects(*this, parameter);
    overload.result = resolve_objects(*this, overload.result);
    overload.implementation = implementation;
  }
  return add(std::move(function).value());
}

const Type* Environment::find_variable(std::string_view name) const {
  const auto* found = find_in(variables_, name);
  return found == nullptr ? nullptr : &found->type;
}

std::uint32_t Environment::slot(std::string_view name) const {
  const auto* found = find_in(variables_, name);
  return found == nullptr ? kNoSlot : found->slot;
}

const ObjectType* Environment::find_object(std::string_view name) const {
  if (const auto* found = find_in(objects_, name)) return found->get();
  for (std::size_t dot = name.rfind('.'); dot != std::string_view::npos && dot > 0;
       dot = name.rfind('.', dot - 1)) {
    const auto* found = find_in(objects_, name.substr(0, dot));
    if (found != nullptr && (*found)->open) return found->get();
  }
  return nullptr;
}

const Type* Environment::find_type(std::string_view name) const {
  return find_in(types_, name);
}

std::shared_ptr<const Function> Environment::find_function(std::string_view name) const {
  const auto* found = find_in(functions_, name);
  return found == nullptr ? nullptr : *found;
}

std::vector<std::string> Environment::variable_names() const {
  return names_of(variables_);
}
std::vector<std::string> Environment::function_names() const {
  return names_of(functions_);
}
std::vector<std::string> Environment::object_names() const {
  return names_of(objects_);
}

} // namespace allod::cel
