// A compiled expression, and the variables that it is evaluated with.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "cel/type.h"
#include "cel/value.h"

namespace allod::cel {

struct Plan; // eval/plan.h

/// Variables by name. A name that an activation lacks is looked for in its parent.
class Activation {
 public:
  using Lazy = std::function<Value()>;

  Activation() = default;
  /// The parent must outlive this one.
  explicit Activation(const Activation* parent) : parent_(parent) {}

  Activation& set(std::string name, Value value);
  /// Computed when an evaluation first needs it, at most once for each evaluation.
  Activation& set_lazy(std::string name, Lazy compute);

  [[nodiscard]] std::optional<Value> find(std::string_view name) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Binding {
    Value value;
    Lazy compute;
  };

  std::unordered_map<std::string, Binding, Hash, std::equal_to<>> bindings_;
  const Activation* parent_ = nullptr;
};

struct Limits {
  /// Units are about one step, or eight bytes of text or list touched.
  std::uint64_t cost = 10'000'000;
};

/// A path of constant steps that starts at a variable: `bindings.database.host`, `m["a-b"].c`.
struct Selection {
  std::string path;               ///< as CEL writes it
  std::vector<std::string> steps; ///< the variable first
  Place place;
  bool operator==(const Selection&) const = default;
};

/// Immutable and cheap to copy; evaluating from several threads at once is fine.
class Program {
 public:
  explicit Program(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {}

  /// The value, which may be an unknown; or an Error (invalid_input) with the place of the
  /// sub-expression that failed.
  [[nodiscard]] Result<Value> evaluate(const Activation& activation, Limits limits = {}) const;
  /// The same without turning an error value into an Error, and with what it cost.
  struct Outcome {
    Value value;
    std::uint64_t cost = 0;
  };
  [[nodiscard]] Outcome run(const Activation& activation, Limits limits = {}) const;

  [[nodiscard]] const Type& result_type() const;
  /// The free variables that the expression names.
  [[nodiscard]] const std::set<std::string>& variables() const;
  /// Every longest path, once, in the order of its first appearance.
  [[nodiscard]] const std::vector<Selection>& selections() const;
  [[nodiscard]] const std::string& source() const;
  /// The value, when the expression is the same for all activations.
  [[nodiscard]] const Value* constant() const;

 private:
  std::shared_ptr<const Plan> plan_;
};

} // namespace allod::cel
