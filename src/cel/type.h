// CEL types as the checker sees them. A Type is a small shared immutable tree.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace allod::cel {

enum class TypeKind : std::uint8_t {
  dyn, ///< any type; checked when evaluating
  null,
  boolean,
  int64,
  uint64,
  float64,
  string,
  bytes,
  timestamp,
  duration,
  list,      ///< one parameter
  map,       ///< two parameters
  type,      ///< one parameter: the type of a type
  optional,  ///< one parameter
  nullable,  ///< one parameter: a scalar or null (the wrapper types of the specification)
  object,    ///< a named struct type that an Environment declares; at run time a map
  opaque,    ///< a named type of a library, maybe with parameters
  parameter, ///< a type variable in a signature
};

class Type {
 public:
  /// dyn
  Type();

  static Type dyn();
  static Type null();
  static Type boolean();
  static Type int64();
  static Type uint64();
  static Type float64();
  static Type string();
  static Type bytes();
  static Type timestamp();
  static Type duration();
  static Type list(Type element = dyn());
  static Type map(Type key = string(), Type value = dyn());
  static Type type(Type of = dyn());
  static Type optional(Type of = dyn());
  static Type nullable(Type of);
  /// Refers to an object type by the name under which the Environment declares its fields.
  static Type object(std::string name);
  static Type opaque(std::string name, std::vector<Type> parameters = {});
  static Type parameter(std::string name);

  [[nodiscard]] TypeKind kind() const { return node_->kind; }
  [[nodiscard]] bool is(TypeKind kind) const { return node_->kind == kind; }
  /// Of an object, opaque or parameter type; otherwise empty.
  [[nodiscard]] const std::string& name() const { return node_->name; }
  [[nodiscard]] const std::vector<Type>& parameters() const { return node_->parameters; }
  /// The element of a list, the content of an optional…; dyn where there is none.
  [[nodiscard]] Type element() const;
  [[nodiscard]] Type key() const { return element(); }
  [[nodiscard]] Type value() const;

  bool operator==(const Type& other) const;

  /// "map(string, list(int))", as the specification writes types.
  [[nodiscard]] std::string to_string() const;
  /// The name of the type at run time, without parameters: "map", "google.protobuf.Duration".
  [[nodiscard]] std::string runtime_name() const;

 private:
  struct Node {
    TypeKind kind = TypeKind::dyn;
    std::string name;
    std::vector<Type> parameters;
  };
  Type(TypeKind kind, std::string name, std::vector<Type> parameters);
  explicit Type(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  static Type simple(TypeKind kind);

  std::shared_ptr<const Node> node_;
};

} // namespace allod::cel
