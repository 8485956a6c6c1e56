#include "cel/program.h"

#include <utility>

#include "cel/eval/estimate.h"
#include "cel/eval/evaluator.h"
#include "cel/eval/plan.h"
#include "cel/syntax/source.h"

namespace allod::cel {

Activation& Activation::set(std::string name, Value value) {
  bindings_.insert_or_assign(std::move(name), Binding{std::move(value), nullptr});
  return *this;
}

Activation& Activation::set_slot(std::uint32_t slot, Value value) {
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  slots_[slot] = std::move(value);
  return *this;
}

Activation& Activation::set_lazy(std::string name, Lazy compute) {
  bindings_.insert_or_assign(std::move(name), Binding{Value(), std::move(compute)});
  return *this;
}

std::optional<Value> Activation::find(std::string_view name) const {
  const Binding* binding = find_binding(name);
  if (binding == nullptr) return std::nullopt;
  return binding->compute ? binding->compute() : binding->value;
}

const Activation::Binding* Activation::find_binding(std::string_view name) const {
  for (const Activation* scope = this; scope != nullptr; scope = scope->parent_) {
    const auto found = scope->bindings_.find(name);
    if (found != scope->bindings_.end()) return &found->second;
  }
  return nullptr;
}

const Value* Activation::find_slot(std::uint32_t slot) const {
  for (const Activation* scope = this; scope != nullptr; scope = scope->parent_) {
    if (slot < scope->slots_.size() && scope->slots_[slot]) return &*scope->slots_[slot];
  }
  return nullptr;
}

Program::Outcome Program::run(const Activation& activation, Limits limits) const {
  Evaluator evaluator(*plan_, activation, limits);
  Outcome outcome;
  outcome.value = evaluator.run();
  outcome.work = evaluator.meter().used();
  outcome.cost = evaluator.meter().cost();
  return outcome;
}

Result<Value> Program::evaluate(const Activation& activation, Limits limits) const {
  Value value = run(activation, limits).value;
  if (!value.is(Kind::error)) return value;
  const EvaluationError& error = value.as_error();
  Error failure(ErrorCode::invalid_input, error.message);
  if (!error.placed) return failure;
  const Span span{error.offset, error.offset + error.length};
  return std::move(failure).at(place_of(plan_->source, span));
}

CostEstimate Program::estimate(const SizeHints& hints) const {
  return estimate_cost(*plan_, hints);
}

const Type& Program::result_type() const {
  return plan_->result_type;
}
const std::set<std::string>& Program::variables() const {
  return plan_->free_variables;
}
const std::vector<Selection>& Program::selections() const {
  return plan_->selections;
}
const std::string& Program::source() const {
  return plan_->source;
}

const Value* Program::constant() const {
  const Node& root = plan_->nodes[plan_->root];
  return root.op == Op::constant ? &plan_->constants[root.data] : nullptr;
}

} // namespace allod::cel
