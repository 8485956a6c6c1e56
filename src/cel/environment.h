// What an expression may name: variables with types, object types with fields, functions.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/function.h"
#include "cel/slot.h"
#include "cel/type.h"
#include "cel/value.h"

namespace allod::cel {

class Environment;
/// The operators' types; the evaluator does their work.
void add_operators(Environment& environment);
/// Orders of numbers of different types, which Kubernetes switches on (cel-go's
/// CrossTypeNumericComparisons).
void add_mixed_orders(Environment& environment);

/// Which syntax, macros and rules of literals hold.
enum class Dialect : std::uint8_t {
  core,       ///< the specification's
  kubernetes, ///< with optional values and two-variable macros, and the API server's checks
  standard,   ///< with the macros of all extension libraries
};

struct Field {
  std::string name;
  Type type;
};

/// A named struct type. At run time it is a map; a field that the map lacks is "no such key".
struct ObjectType {
  std::string name;
  std::vector<Field> fields; ///< in the order in which messages list them
  bool open = false;         ///< has any field, each dyn

  [[nodiscard]] const Field* find(std::string_view field) const;
};

/// Copying one is cheap enough to derive an environment per use: functions are shared.
class Environment {
 public:
  /// Everything: the specification's functions and macros, optional values and every extension
  /// library (docs/cel.md lists them).
  static Environment standard();
  /// What a Kubernetes 1.34 API server lets a new policy or rule use: no math, base64 and regex
  /// libraries, no cel.bind, no list functions but its own; numbers of different types have an
  /// order; literals are checked as there (see Dialect).
  static Environment kubernetes();
  /// The specification's standard functions and macros only.
  static Environment core();

  /// Declares a variable, or changes its type. The name may be qualified ("request.auth").
  /// Variables have slots in the order of their declarations (see Activation).
  Environment& declare(std::string name, Type type);
  /// Declares an object type, or replaces it; Type::object(name) refers to it.
  Environment& declare_object(std::string name, std::vector<Field> fields);
  /// Declares an object type that has any field, and with it all types whose names go on behind a
  /// dot: Object, Object.spec, Object.spec.template.
  Environment& declare_open_object(std::string name);
  /// The types Object and JSONPatch of Kubernetes' MutatingAdmissionPolicy.
  Environment& declare_mutation_types();
  /// Adds overloads. Fails when one collides with an overload that is there already, or when the
  /// name is an operator's.
  [[nodiscard]] Status add(Function function);
  /// The same from a signature (see parse_signature).
  [[nodiscard]] Status add(std::string_view signature, Implementation implementation);
  /// Makes a type's name usable as a value: `type(x) == net.IP`.
  Environment& declare_type(Type type);
  /// Resolves names relative to a namespace (specification, "Name Resolution").
  Environment& set_container(std::string container);

  [[nodiscard]] const std::string& container() const { return container_; }
  [[nodiscard]] Dialect dialect() const { return dialect_; }
  [[nodiscard]] const Type* find_variable(std::string_view name) const;
  /// kNoSlot when there is no such variable.
  [[nodiscard]] std::uint32_t slot(std::string_view name) const;
  /// Of an open type also under the names of its parts.
  [[nodiscard]] const ObjectType* find_object(std::string_view name) const;
  [[nodiscard]] const Type* find_type(std::string_view name) const;
  /// The overloads are shared with the programs that use them.
  [[nodiscard]] std::shared_ptr<const Function> find_function(std::string_view name) const;

  [[nodiscard]] std::vector<std::string> variable_names() const;
  [[nodiscard]] std::vector<std::string> function_names() const;
  [[nodiscard]] std::vector<std::string> object_names() const;

 private:
  friend void add_operators(Environment& environment);
  friend void add_mixed_orders(Environment& environment);
  void add_operator(std::string_view signature);

  template<class T>
  using Table = std::map<std::string, T, std::less<>>;

  struct Variable {
    Type type;
    std::uint32_t slot = 0;
  };

  Table<Variable> variables_;
  Table<std::shared_ptr<const ObjectType>> objects_;
  Table<Type> types_;
  Table<std::shared_ptr<const Function>> functions_;
  std::string container_;
  Dialect dialect_ = Dialect::core;
};

} // namespace allod::cel
