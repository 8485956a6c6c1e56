#include "cel/type.h"

#include <utility>

namespace allod::cel {

Type::Type() : Type(simple(TypeKind::dyn)) {}

Type::Type(TypeKind kind, std::string name, std::vector<Type> parameters)
    : node_(std::make_shared<const Node>(Node{kind, std::move(name), std::move(parameters)})) {}

/// Types without name and parameters exist once.
Type Type::simple(TypeKind kind) {
  static const std::vector<std::shared_ptr<const Node>> nodes = [] {
    std::vector<std::shared_ptr<const Node>> made;
    for (int i = 0; i <= static_cast<int>(TypeKind::parameter); ++i) {
      made.push_back(std::make_shared<const Node>(Node{static_cast<TypeKind>(i), {}, {}}));
    }
    return made;
  }();
  return Type(nodes[static_cast<std::size_t>(kind)]);
}

Type Type::dyn() {
  return simple(TypeKind::dyn);
}
Type Type::null() {
  return simple(TypeKind::null);
}
Type Type::boolean() {
  return simple(TypeKind::boolean);
}
Type Type::int64() {
  return simple(TypeKind::int64);
}
Type Type::uint64() {
  return simple(TypeKind::uint64);
}
Type Type::float64() {
  return simple(TypeKind::float64);
}
Type Type::string() {
  return simple(TypeKind::string);
}
Type Type::bytes() {
  return simple(TypeKind::bytes);
}
Type Type::timestamp() {
  return simple(TypeKind::timestamp);
}
Type Type::duration() {
  return simple(TypeKind::duration);
}

Type Type::list(Type element) {
  return {TypeKind::list, {}, {std::move(element)}};
}
Type Type::map(Type key, Type value) {
  return {TypeKind::map, {}, {std::move(key), std::move(value)}};
}
Type Type::type(Type of) {
  return {TypeKind::type, {}, {std::move(of)}};
}
Type Type::optional(Type of) {
  return {TypeKind::optional, {}, {std::move(of)}};
}
Type Type::nullable(Type of) {
  return {TypeKind::nullable, {}, {std::move(of)}};
}
Type Type::object(std::string name) {
  return {TypeKind::object, std::move(name), {}};
}
Type Type::opaque(std::string name, std::vector<Type> parameters) {
  return {TypeKind::opaque, std::move(name), std::move(parameters)};
}
Type Type::parameter(std::string name) {
  return {TypeKind::parameter, std::move(name), {}};
}

Type Type::element() const {
  return parameters().empty() ? dyn() : parameters().front();
}

Type Type::value() const {
  return parameters().size() < 2 ? dyn() : parameters()[1];
}

bool Type::operator==(const Type& other) const {
  if (node_ == other.node_) return true;
  return kind() == other.kind() && name() == other.name() && parameters() == other.parameters();
}

std::string Type::to_string() const {
  std::string text;
  switch (kind()) {
  case TypeKind::dyn:
    return "dyn";
  case TypeKind::null:
    return "null";
  case TypeKind::boolean:
    return "bool";
  case TypeKind::int64:
    return "int";
  case TypeKind::uint64:
    return "uint";
  case TypeKind::float64:
    return "double";
  case TypeKind::string:
    return "string";
  case TypeKind::bytes:
    return "bytes";
  case TypeKind::timestamp:
    return "timestamp";
  case TypeKind::duration:
    return "duration";
  case TypeKind::list:
    text = "list";
    break;
  case TypeKind::map:
    text = "map";
    break;
  case TypeKind::type:
    text = "type";
    break;
  case TypeKind::optional:
    text = "optional_type";
    break;
  case TypeKind::nullable:
    text = "wrapper";
    break;
  case TypeKind::object:
  case TypeKind::opaque:
  case TypeKind::parameter:
    text = name();
    break;
  }
  if (parameters().empty()) return text;
  text += "(";
  for (std::size_t i = 0; i < parameters().size(); ++i) {
    if (i > 0) text += ", ";
    text += parameters()[i].to_string();
  }
  return text + ")";
}

std::string Type::runtime_name() const {
  switch (kind()) {
  case TypeKind::null:
    return "null_type";
  case TypeKind::timestamp:
    return "google.protobuf.Timestamp";
  case TypeKind::duration:
    return "google.protobuf.Duration";
  case TypeKind::list:
    return "list";
  case TypeKind::map:
    return "map";
  case TypeKind::type:
    return "type";
  case TypeKind::optional:
    return "optional_type";
  case TypeKind::nullable:
    return element().runtime_name();
  case TypeKind::object:
  case TypeKind::opaque:
  case TypeKind::parameter:
    return name();
  default:
    return to_string();
  }
}

} // namespace allod::cel
