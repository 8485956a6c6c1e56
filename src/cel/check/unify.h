// Assignability of types with type parameters (CEL specification, "Gradual Type Checking").
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cel/type.h"

namespace allod::cel {

class Substitution {
 public:
  /// Whether a value of type `from` can stand where `to` is wanted; binds parameters of both.
  /// Leaves the bindings as they were when it cannot.
  bool assign(const Type& to, const Type& from);
  bool assign_all(const std::vector<Type>& to, const std::vector<Type>& from);

  /// Puts in what parameters are bound to; the free ones stay, or become dyn.
  [[nodiscard]] Type apply(const Type& type, bool free_as_dyn = false);

  [[nodiscard]] Type fresh();
  /// The same types with parameters that nothing else uses.
  [[nodiscard]] std::vector<Type> instantiate(const std::vector<Type>& types);

 private:
  bool assignable(const Type& to, const Type& from);
  bool assignable_all(const std::vector<Type>& to, const std::vector<Type>& from);
  /// Whether parameter `parameter` can stand for `type`, given what it stands for already.
  bool bind(const Type& parameter, const Type& type, bool& bound_before);
  [[nodiscard]] bool occurs(const Type& parameter, const Type& inside) const;
  Type rename(const Type& type, std::map<std::string, Type>& names);

  void set(const std::string& name, const Type& type);
  /// What a parameter stands for at the end: a type that is no parameter, or a free parameter.
  Type resolve(const Type& parameter);

  struct Change {
    std::string name;
    std::optional<Type> before;
  };

  std::map<std::string, Type> bindings_;
  std::vector<Change> journal_; // what the assignment under way has changed
  std::uint32_t next_ = 0;
};

/// Of two types that fit each other the one that takes more: dyn before int, list(dyn) before
/// list(int).
[[nodiscard]] Type more_general(const Type& left, const Type& right);

} // namespace allod::cel
