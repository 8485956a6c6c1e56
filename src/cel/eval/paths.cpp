// The evaluator's part for names and the fields behind them: most of what policies do.
#include <utility>

#include "cel/eval/evaluator.h"
#include "cel/eval/operators.h"

namespace allod::cel {

const Value& Evaluator::variable(const Node& node, Value& scratch) {
  const Value*& place = variables_[node.data];
  if (place != nullptr) return *place;
  const PlannedVariable& wanted = plan_.variables[node.data];
  place = activation_.find_slot(wanted.slot);
  if (place != nullptr) return *place;
  const Activation::Binding* binding = activation_.find_binding(wanted.name);
  if (binding == nullptr) {
    scratch = placed(Value::error("no value is given for the variable \"" + wanted.name + "\""),
                     node.span);
    return scratch;
  }
  if (!binding->compute) {
    place = &binding->value;
  } else {
    computed_.push_front(placed(binding->compute(), node.span));
    place = &computed_.front();
  }
  return *place;
}

const Value& Evaluator::follow(const Value& from, const PlannedPath::Step* step,
                               const PlannedPath::Step* end, Value& scratch) {
  const Value* at = &from;
  for (; step != end; ++step) {
    if (at->is_abnormal()) return *at;
    const std::string& name = plan_.names[step->name];
    if (at->is(Kind::map)) {
      if (auto found = at->as_map().find(name)) {
        scratch = std::move(*found);
        if (scratch.is(Kind::error)) place(scratch, step->span);
      } else {
        scratch = placed(no_such_key(Value::borrow_string(name)), step->span);
      }
    } else {
      scratch = placed(select(*at, name), step->span);
    }
    at = &scratch;
  }
  return *at;
}

const Value& Evaluator::walk(const Node& node, Value& scratch) {
  const PlannedPath& path = plan_.paths[node.data];
  const std::size_t steps = path.steps.size();
  meter_.charge(steps);
  meter_.count(steps + (path.relative ? 1 : 0));
  // The base may lie in the scratch value itself: it is read before it is replaced.
  const Value& base = get(child(node, 0), scratch);
  return follow(base, path.steps.data(), path.steps.data() + steps, scratch);
}

Value Evaluator::eval_has(const Node& node) {
  const PlannedPath& path = plan_.paths[node.data];
  const std::size_t before = path.steps.size() - 1;
  meter_.charge(path.steps.size());
  meter_.count(path.steps.size() - (path.relative ? 0 : 1)); // the base counts itself
  Value scratch;
  const Value& base = get(child(node, 0), scratch);
  const Value& operand = follow(base, path.steps.data(), path.steps.data() + before, scratch);
  if (operand.is_abnormal()) return operand;
  const PlannedPath::Step& last = path.steps.back();
  return placed(has(operand, plan_.names[last.name]), last.span);
}

const Value* Evaluator::find_optional(const Node& node, Value& scratch) {
  meter_.charge(1);
  const Node& base = plan_.nodes[child(node, 0)];
  const Value* at =
      base.op == Op::optional_select ? find_optional(base, scratch) : &get(child(node, 0), scratch);
  while (at != nullptr && at->is(Kind::optional))
    at = at->as_optional();
  if (at == nullptr || at->is_abnormal()) return at;
  const std::string& name = plan_.names[node.data];
  if (!at->is(Kind::map)) {
    scratch = placed(select(*at, name), node.span);
    return &scratch;
  }
  auto found = at->as_map().find(name);
  if (!found) return nullptr;
  meter_.count(1); // only what is there
  scratch = std::move(*found);
  if (scratch.is(Kind::error)) place(scratch, node.span);
  return &scratch;
}

Value Evaluator::eval_optional_select(const Node& node) {
  Value scratch;
  const Value* found = find_optional(node, scratch);
  if (found == nullptr) return Value::none();
  return found->is_abnormal() ? *found : Value::optional(*found);
}

Value Evaluator::eval_or(const Node& node) {
  const bool unwrap = node.op == Op::or_value;
  const Node& base = plan_.nodes[child(node, 0)];
  Value scratch;
  if (unwrap && base.op == Op::optional_select) {
    const Value* found = find_optional(base, scratch);
    return found == nullptr ? eval(child(node, 1)) : *found;
  }
  const Value& optional = get(child(node, 0), scratch);
  if (optional.is_abnormal()) return optional;
  if (!optional.is(Kind::optional)) {
    return placed(no_overload(unwrap ? "orValue" : "or", optional), node.span);
  }
  const Value* content = optional.as_optional();
  if (content != nullptr) return unwrap ? *content : optional;
  Value other = eval(child(node, 1));
  const bool fits = unwrap || other.is(Kind::optional) || other.is_abnormal();
  return fits ? std::move(other) : placed(no_overload("or", other), node.span);
}

} // namespace allod::cel
