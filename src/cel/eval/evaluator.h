// Evaluates a plan once. Nothing is allocated for that but what the values themselves need.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <vector>

#include "cel/eval/plan.h"
#include "cel/function.h"
#include "cel/program.h"

namespace allod::cel {

class Evaluator {
 public:
  Evaluator(const Plan& plan, const Activation& activation, Limits limits)
      : Evaluator(plan, activation, limits, plan.slot_count, plan.variables.size()) {}
  /// With room for so many locals and variables only.
  Evaluator(const Plan& plan, const Activation& activation, Limits limits, std::size_t locals,
            std::size_t variables);
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  /// The value of the whole plan. Errors carry their place.
  Value run();
  /// The value of one node, for folding constants while the plan is still being made.
  Value run_node(NodeId id) { return eval(id); }
  [[nodiscard]] const Meter& meter() const { return meter_; }

 private:
  /// A node's value without copying it where it is stored already; else it is put into `scratch`.
  const Value& get(NodeId id, Value& scratch);
  Value eval(NodeId id);
  Value eval_pair(const Node& node);
  Value apply_pair(const Node& node, const Value& left, const Value& right);
  Value eval_negation(const Node& node);
  Value eval_logical(const Node& node);
  Value eval_conditional(const Node& node);
  Value eval_call(const Node& node);
  Value dispatch(const Node& node, Arguments arguments);
  Value eval_in_texts(const Node& node);
  Value eval_list(const Node& node);
  Value eval_map(const Node& node);
  Value eval_bind(const Node& node);
  Value eval_matches(const Node& node);
  Value eval_concat(const Node& node);

  // paths.cpp
  const Value& variable(const Node& node, Value& scratch);
  const Value& walk(const Node& node, Value& scratch);
  Value eval_has(const Node& node);
  Value eval_optional_select(const Node& node);
  Value eval_or(const Node& node);
  /// What a selection with .? finds, without an optional around it: null when there is nothing; may
  /// be abnormal.
  const Value* find_optional(const Node& node, Value& scratch);
  /// Follows steps from a value; an error or unknown on the way is the result.
  const Value& follow(const Value& from, const PlannedPath::Step* step,
                      const PlannedPath::Step* end, Value& scratch);

  // fold.cpp
  Value eval_fold(const Node& node);
  Value fold_optional(const Node& node, const PlannedFold& fold, const Value& range);
  friend class Folder;

  [[nodiscard]] NodeId child(const Node& node, std::uint32_t at) const {
    return plan_.children[node.first + at];
  }
  /// Puts the node's place on an error that has none.
  static void place(Value& value, Span span);
  static Value placed(Value value, Span span) {
    if (value.is(Kind::error)) place(value, span);
    return value;
  }
  Value too_expensive();

  static constexpr std::size_t kFew = 8;

  const Plan& plan_;
  const Activation& activation_;
  Meter meter_;
  std::array<Value, kFew> few_locals_;
  std::array<const Value*, kFew> few_variables_{};
  Value* locals_ = few_locals_.data();
  const Value** variables_ = few_variables_.data(); // where each one is, once it was needed
  // Beyond what usually suffices.
  std::vector<Value> many_locals_;
  std::vector<const Value*> many_variables_;
  std::forward_list<Value> computed_; // of lazy variables
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
