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
#include "cel/slot.h"
#include "cel/type.h"
#include "cel/value.h"

namespace allod::cel {

struct Plan; // eval/plan.h

/// Variables by slot, as Environment::slot numbers them, or by name. What an activation lacks is
/// looked for in its parent. Slots are faster, and good for programs that were compiled with the
/// environment that numbered them, or with a copy of it.
class Activation {
 public:
  using Lazy = std::function<Value()>;

  Activation() = default;
  /// The parent must outlive this one.
  explicit Activation(const Activation* parent) : parent_(parent) {}

  Activation& set(std::string name, Value value);
  Activation& set_slot(std::uint32_t slot, Value value);
  /// Computed when an evaluation first needs it, at most once for each evaluation.
  Activation& set_lazy(std::string name, Lazy compute);

  /// By name only.
  [[nodiscard]] std::optional<Value> find(std::string_view name) const;

 private:
  friend class Evaluator;
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

  [[nodiscard]] const Binding* find_binding(std::string_view name) const;
  /// Null when no scope has a value in the slot.
  [[nodiscard]] const Value* find_slot(std::uint32_t slot) const;

  std::vector<std::optional<Value>> slots_;
  std::unordered_map<std::string, Binding, Hash, std::equal_to<>> bindings_;
  const Activation* parent_ = nullptr;
};

/// What the API server allows one expression (Kubernetes 1.34, "Resource use by CEL functions").
inline constexpr std::uint64_t kKubernetesCallLimit = 1'000'000;

struct Limits {
  /// Units are about one step, or eight bytes of text or list touched.
  std::uint64_t work = 10'000'000;
  /// In the units of Kubernetes.
  std::uint64_t cost = UINT64_MAX;
};

/// The most elements of a list or map, or bytes of a text, that lies at a path within a variable:
/// {"object", "spec", "containers", "@items", "name"}. Nothing when there is no bound.
using SizeHints = std::function<std::optional<std::uint64_t>(const std::vector<std::string>& path)>;

/// In the units of Kubernetes; UINT64_MAX is boundless.
struct CostEstimate {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
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

  // Results may borrow from the activation's values (see Value::owned), never from the program.

  /// The value, which may be an unknown; or an Error (invalid_input) with the place of the
  /// sub-expression that failed.
  [[nodiscard]] Result<Value> evaluate(const Activation& activation, Limits limits = {}) const;
  /// The same without turning an error value into an Error, and with what it cost.
  struct Outcome {
    Value value;
    std::uint64_t work = 0; ///< as Limits::work counts
    std::uint64_t cost = 0; ///< what a Kubernetes API server counts
  };
  [[nodiscard]] Outcome run(const Activation& activation, Limits limits = {}) const;

  /// What an evaluation that ends without an error can cost.
  [[nodiscard]] CostEstimate estimate(const SizeHints& hints = {}) const;

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
