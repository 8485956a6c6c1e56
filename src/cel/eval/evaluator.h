// Evaluates a plan once.
#pragma once

#include <cstdint>
#include <vector>

#include "cel/eval/plan.h"
#include "cel/function.h"
#include "cel/program.h"

namespace allod::cel {

class Evaluator {
 public:
  Evaluator(const Plan& plan, const Activation& activation, std::uint64_t cost_limit)
      : Evaluator(plan, activation, cost_limit, plan.slot_count, plan.variables.size()) {}
  /// With room for so many locals and variables only.
  Evaluator(const Plan& plan, const Activation& activation, std::uint64_t cost_limit,
            std::size_t locals, std::size_t globals);

  /// The value of the whole plan. Errors carry their place.
  Value run();
  /// The value of one node, for folding constants while the plan is still being made.
  Value run_node(NodeId id) { return eval(id); }
  [[nodiscard]] const Meter& meter() const { return meter_; }

 private:
  /// A node's value without copying it where it is stored already; else it is put into `scratch`.
  const Value& get(NodeId id, Value& scratch);
  Value eval(NodeId id);
  Value eval_global(const Node& node);
  Value eval_select(const Node& node);
  Value eval_pair(const Node& node);
  Value apply_pair(const Node& node, const Value& left, const Value& right);
  Value eval_negation(const Node& node);
  Value eval_logical(const Node& node);
  Value eval_conditional(const Node& node);
  Value eval_call(const Node& node);
  Value dispatch(const Node& node, Arguments arguments);
  Value eval_list(const Node& node);
  Value eval_map(const Node& node);
  Value eval_bind(const Node& node);
  Value eval_matches(const Node& node);
  Value eval_concat(const Node& node);

  // fold.cpp
  Value eval_fold(const Node& node);
  Value fold_optional(const Node& node, const PlannedFold& fold, const Value& range);
  friend class Folder;

  [[nodiscard]] NodeId child(const Node& node, std::uint32_t at) const {
    return plan_.children[node.first + at];
  }
  /// Puts the node's place on an error that has none.
  Value placed(Value value, Span span) const;
  Value too_expensive();

  const Plan& plan_;
  const Activation& activation_;
  Meter meter_;
  std::vector<Value> locals_;
  std::vector<Value> globals_;
  std::vector<std::uint8_t> loaded_; // by global
};

/// The bit of a value's kind, for overloads (PlannedCall::Candidate).
[[nodiscard]] inline std::uint32_t kind_bit(Kind kind) {
  return 1U << static_cast<unsigned>(kind);
}

/// What two abnormal operands become: an error before an unknown; unknowns add up.
[[nodiscard]] Value merge_abnormal(const Value& left, const Value& right);

/// A value as the part of a text: string, int, uint, double and bool have one.
[[nodiscard]] Value interpolated(const Value& value);

} // namespace allod::cel
