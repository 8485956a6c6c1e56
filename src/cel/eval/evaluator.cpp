#include "cel/eval/evaluator.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "cel/eval/call_cost.h"
#include "cel/eval/operators.h"
#include "cel/text.h"
#include "cel/value_equal.h"
#include "cel/value_map.h"

namespace allod::cel {

Evaluator::Evaluator(const Plan& plan, const Activation& activation, Limits limits,
                     std::size_t locals, std::size_t variables)
    : plan_(plan), activation_(activation), meter_(limits.work, limits.cost) {
  if (locals > kFew) {
    many_locals_.resize(locals);
    locals_ = many_locals_.data();
  }
  if (variables > kFew) {
    many_variables_.resize(variables);
    variables_ = many_variables_.data();
  }
}

Value Evaluator::run() {
  Value value = eval(plan_.root);
  if (meter_.exhausted()) return too_expensive();
  return value;
}

Value Evaluator::too_expensive() {
  const std::uint64_t limit =
      meter_.cost() > meter_.cost_limit() ? meter_.cost_limit() : meter_.limit();
  return Value::error("evaluating costs more than the limit of " + std::to_string(limit));
}

void Evaluator::place(Value& value, Span span) {
  if (value.as_error().placed) return;
  EvaluationError error = value.as_error();
  error.offset = span.begin;
  error.length = span.end - span.begin;
  error.placed = true;
  value = Value::error(std::move(error));
}

Value merge_abnormal(const Value& left, const Value& right) {
  if (!right.is_abnormal() || left.is(Kind::error)) return left;
  if (!left.is_abnormal() || right.is(Kind::error)) return right;
  auto attributes = left.as_unknown();
  attributes.insert(right.as_unknown().begin(), right.as_unknown().end());
  return Value::unknown(std::move(attributes));
}

const Value& Evaluator::get(NodeId id, Value& scratch) {
  const Node& node = plan_.nodes[id];
  switch (node.op) {
  case Op::constant:
    meter_.count(node.count);
    return plan_.constants[node.data];
  case Op::local:
    meter_.count(1);
    return locals_[node.data];
  case Op::global:
    meter_.count(1);
    return variable(node, scratch);
  case Op::path:
    return walk(node, scratch);
  default:
    scratch = eval(id);
    return scratch;
  }
}

Value Evaluator::eval(NodeId id) {
  const Node& node = plan_.nodes[id];
  if (!meter_.charge(1)) return too_expensive();
  switch (node.op) {
  case Op::constant:
    meter_.count(node.count);
    return plan_.constants[node.data];
  case Op::failure:
    return placed(plan_.constants[node.data], node.span);
  case Op::local:
    meter_.count(1);
    return locals_[node.data];
  case Op::global: {
    meter_.count(1);
    Value scratch;
    return variable(node, scratch);
  }
  case Op::path: {
    Value scratch;
    const Value& found = walk(node, scratch);
    return &found == &scratch ? std::move(scratch) : found;
  }
  case Op::has_path:
    return eval_has(node);
  case Op::optional_select:
    return eval_optional_select(node);
  case Op::or_value:
  case Op::or_optional:
    return eval_or(node);
  case Op::logical_and:
  case Op::logical_or:
    return eval_logical(node);
  case Op::logical_not:
  case Op::negate:
    return eval_negation(node);
  case Op::conditional:
    return eval_conditional(node);
  case Op::call:
    return eval_call(node);
  case Op::in_texts:
    return eval_in_texts(node);
  case Op::list:
    return eval_list(node);
  case Op::map:
    return eval_map(node);
  case Op::fold:
    return eval_fold(node);
  case Op::bind:
    return eval_bind(node);
  case Op::matches:
    return eval_matches(node);
  case Op::concat:
    return eval_concat(node);
  default:
    return eval_pair(node);
  }
}

namespace {

/// What Kubernetes counts for an operator.
std::uint64_t pair_cost(const Node& node, const Value& left, const Value& right) {
  switch (node.op) {
  case Op::equal:
  case Op::not_equal:
    return traversal_cost(std::min(size_for_cost(left), size_for_cost(right)));
  case Op::less:
  case Op::less_equal:
  case Op::greater:
  case Op::greater_equal:
    if (node.data == kCountsOne) return 1;
    if (!left.is(Kind::string) && !left.is(Kind::bytes)) return 1;
    return traversal_cost(std::min(size_for_cost(left), size_for_cost(right)));
  case Op::add:
    if (node.data == kCountsOne) return 1;
    if (!left.is(Kind::string) && !left.is(Kind::bytes)) return 1;
    return traversal_cost(size_for_cost(left) + size_for_cost(right));
  case Op::in:
    if (node.data == kCountsNothing) return 0;
    if (node.data == kCountsOne) return 1;
    return right.is(Kind::list) ? size_for_cost(right) : 1;
  default:
    return 1;
  }
}

} // namespace

Value Evaluator::eval_pair(const Node& node) {
  Value left_scratch;
  Value right_scratch;
  const Value& left = get(child(node, 0), left_scratch);
  const Value& right = get(child(node, 1), right_scratch);
  if (left.is_abnormal() || right.is_abnormal()) return merge_abnormal(left, right);
  meter_.count(pair_cost(node, left, right));
  return placed(apply_pair(node, left, right), node.span);
}

Value Evaluator::apply_pair(const Node& node, const Value& left, const Value& right) {
  switch (node.op) {
  case Op::equal:
    return equal(left, right, meter_);
  case Op::not_equal: {
    const Value same = equal(left, right, meter_);
    return same.is(Kind::boolean) ? Value::of_bool(!same.as_bool()) : same;
  }
  case Op::less:
    return compare(left, right, Order::less);
  case Op::less_equal:
    return compare(left, right, Order::less_equal);
  case Op::greater:
    return compare(left, right, Order::greater);
  case Op::greater_equal:
    return compare(left, right, Order::greater_equal);
  case Op::add:
    return add(left, right, meter_);
  case Op::subtract:
    return subtract(left, right);
  case Op::multiply:
    return multiply(left, right);
  case Op::divide:
    return divide(left, right);
  case Op::modulo:
    return modulo(left, right);
  case Op::in:
    return contains(left, right, meter_);
  case Op::index:
    return left.is(Kind::optional) ? optional_index(left, right) : index(left, right);
  default:
    return optional_index(left, right);
  }
}

Value Evaluator::eval_negation(const Node& node) {
  Value scratch;
  const Value& operand = get(child(node, 0), scratch);
  if (operand.is_abnormal()) return operand;
  meter_.count(1);
  if (node.op == Op::negate) return placed(negate(operand), node.span);
  if (operand.is(Kind::boolean)) return Value::of_bool(!operand.as_bool());
  return placed(no_overload("!", operand), node.span);
}

/// && and ||: one operand that decides makes errors and unknowns of the others vanish; otherwise an
/// unknown outlives an error, because knowing it might decide.
Value Evaluator::eval_logical(const Node& node) {
  const bool decisive = node.op == Op::logical_or;
  Value error;
  Value unknown;
  for (std::uint32_t i = 0; i < node.count; ++i) {
    Value scratch;
    const NodeId id = child(node, i);
    const Value& operand = get(id, scratch);
    if (operand.is(Kind::boolean)) {
      if (operand.as_bool() == decisive) return operand;
    } else if (operand.is(Kind::unknown)) {
      unknown = unknown.is_null() ? operand : merge_abnormal(unknown, operand);
    } else if (error.is_null()) {
      error = operand.is(Kind::error)
                  ? operand
                  : placed(no_overload(decisive ? "||" : "&&", operand), plan_.nodes[id].span);
    }
  }
  if (!unknown.is_null()) return unknown;
  return error.is_null() ? Value::of_bool(!decisive) : error;
}

Value Evaluator::eval_conditional(const Node& node) {
  Value scratch;
  const Value& condition = get(child(node, 0), scratch);
  if (condition.is(Kind::boolean)) {
    const NodeId branch = child(node, condition.as_bool() ? 1 : 2);
    // A name as a branch counts one less than elsewhere.
    const Op op = plan_.nodes[branch].op;
    if (op == Op::local || op == Op::global || op == Op::path) meter_.uncount(1);
    return eval(branch);
  }
  if (condition.is_abnormal()) return condition;
  return placed(no_overload("?:", condition), node.span);
}

Value Evaluator::eval_call(const Node& node) {
  if (node.count == 1) {
    Value scratch;
    const Value* argument = &get(child(node, 0), scratch);
    return dispatch(node, Arguments(&argument, 1));
  }
  constexpr std::uint32_t kFewArguments = 4;
  if (node.count <= kFewArguments) {
    std::array<Value, kFewArguments> scratch;
    std::array<const Value*, kFewArguments> arguments{};
    for (std::uint32_t i = 0; i < node.count; ++i)
      arguments[i] = &get(child(node, i), scratch[i]);
    return dispatch(node, Arguments(arguments.data(), node.count));
  }
  std::vector<Value> scratch(node.count);
  std::vector<const Value*> arguments(node.count);
  for (std::uint32_t i = 0; i < node.count; ++i)
    arguments[i] = &get(child(node, i), scratch[i]);
  return dispatch(node, Arguments(arguments.data(), node.count));
}

namespace {

bool fits(const Value& value, const PlannedCall::Argument& wanted) {
  if ((wanted.kinds & kind_bit(value.kind())) == 0) return false;
  return wanted.opaque_type.empty() || value.as_opaque().type_name() == wanted.opaque_type;
}

bool all_fit(Arguments arguments, const std::vector<PlannedCall::Argument>& wanted) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!fits(arguments[i], wanted[i])) return false;
  }
  return true;
}

/// What the errors and unknowns among the arguments become together; null when there are none.
Value abnormal_of(Arguments arguments) {
  Value merged;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].is_abnormal()) continue;
    merged = merged.is_null() ? arguments[i] : merge_abnormal(merged, arguments[i]);
  }
  return merged;
}

} // namespace

Value Evaluator::dispatch(const Node& node, Arguments arguments) {
  Value abnormal = abnormal_of(arguments);
  if (abnormal.is_abnormal()) return abnormal;
  const PlannedCall& call = plan_.calls[node.data];
  for (const auto& candidate : call.candidates) {
    if (!all_fit(arguments, candidate.arguments)) continue;
    if (!candidate.overload->implementation) {
      return placed(Value::error("the function " + call.name + " has no implementation"),
                    node.span);
    }
    Value result = candidate.overload->implementation(arguments, meter_);
    meter_.count(call.cost == nullptr ? 1 : call.cost(arguments, result));
    if (result.is(Kind::error)) place(result, node.span);
    return result;
  }
  return placed(no_overload(call.name, arguments), node.span);
}

Value Evaluator::eval_in_texts(const Node& node) {
  Value scratch;
  const Value& element = get(child(node, 0), scratch);
  if (element.is_abnormal()) return element;
  const TextSet& texts = plan_.text_sets[node.data];
  if (!element.is(Kind::string)) return Value::of_bool(false);
  const std::string_view text = element.as_string();
  if (!meter_.charge_bytes(text.size())) return too_expensive();
  // In a short list most texts differ in their sizes.
  constexpr std::size_t kShort = 8;
  if (texts.size() <= kShort) {
    return Value::of_bool(std::find(texts.begin(), texts.end(), text) != texts.end());
  }
  return Value::of_bool(std::binary_search(texts.begin(), texts.end(), text));
}

Value Evaluator::eval_list(const Node& node) {
  std::vector<Value> elements;
  elements.reserve(node.count);
  Value abnormal;
  for (std::uint32_t i = 0; i < node.count; ++i) {
    Value element = eval(child(node, i));
    if (element.is_abnormal()) {
      abnormal = abnormal.is_null() ? std::move(element) : merge_abnormal(abnormal, element);
      continue;
    }
    const bool optional = node.data != kNoEntries && plan_.entries[node.data][i] != 0;
    if (!optional) {
      elements.push_back(std::move(element));
    } else if (!element.is(Kind::optional)) {
      return placed(Value::error("[?…] needs an optional value, not " + element.type_name()),
                    plan_.nodes[child(node, i)].span);
    } else if (const Value* content = element.as_optional()) {
      elements.push_back(*content);
    }
  }
  if (!abnormal.is_null()) return abnormal;
  if (!meter_.charge_bytes(elements.size() * sizeof(Value))) return too_expensive();
  meter_.count(10);
  return Value::list(std::move(elements));
}

Value Evaluator::eval_map(const Node& node) {
  std::vector<std::pair<Value, Value>> entries;
  entries.reserve(node.count / 2);
  Value abnormal;
  for (std::uint32_t i = 0; i < node.count; i += 2) {
    Value key = eval(child(node, i));
    Value value = eval(child(node, i + 1));
    if (key.is_abnormal() || value.is_abnormal()) {
      Value both = merge_abnormal(key, value);
      abnormal = abnormal.is_null() ? std::move(both) : merge_abnormal(abnormal, both);
      continue;
    }
    if (!is_map_key(key)) {
      return placed(Value::error("a map key is bool, int, uint or string, not " + key.type_name()),
                    plan_.nodes[child(node, i)].span);
    }
    if (node.data != kNoEntries && plan_.entries[node.data][i / 2] != 0) {
      if (!value.is(Kind::optional)) {
        return placed(Value::error("{?…} needs an optional value, not " + value.type_name()),
                      plan_.nodes[child(node, i + 1)].span);
      }
      const Value* content = value.as_optional();
      if (content == nullptr) continue;
      value = Value(*content);
    }
    entries.emplace_back(std::move(key), std::move(value));
  }
  if (!abnormal.is_null()) return abnormal;
  if (!meter_.charge_bytes(entries.size() * 2 * sizeof(Value))) return too_expensive();
  meter_.count(30);
  auto map = Value::distinct_map(std::move(entries));
  if (!map) return placed(Value::error("a map cannot have the same key twice"), node.span);
  return std::move(*map);
}

Value Evaluator::eval_bind(const Node& node) {
  locals_[node.data] = eval(child(node, 0));
  Value result = eval(child(node, 1));
  locals_[node.data] = Value();
  return result;
}

Value Evaluator::eval_matches(const Node& node) {
  Value scratch;
  const Value& text = get(child(node, 0), scratch);
  if (text.is_abnormal()) return text;
  if (!text.is(Kind::string)) return placed(no_overload("matches", text), node.span);
  const re2::RE2& pattern = *plan_.patterns[node.data];
  const std::size_t size = text.as_string().size();
  const auto program = static_cast<std::size_t>(pattern.ProgramSize());
  if (!meter_.charge(size / 8 * (1 + program / 64))) return too_expensive();
  meter_.count(traversal_cost(size + 1) * ((pattern.pattern().size() + 3) / 4));
  return Value::of_bool(re2::RE2::PartialMatch(text.as_string(), pattern));
}

Value interpolated(const Value& value) {
  switch (value.kind()) {
  case Kind::string:
    return value;
  case Kind::int64:
    return Value::string(std::to_string(value.as_int()));
  case Kind::uint64:
    return Value::string(std::to_string(value.as_uint()));
  case Kind::float64:
    return Value::string(format_double(value.as_double()));
  case Kind::boolean:
    return Value::string(value.as_bool() ? "true" : "false");
  case Kind::unknown:
  case Kind::error:
    return value;
  default:
    return Value::error("a value of type " + value.type_name() + " cannot be part of a text");
  }
}

Value Evaluator::eval_concat(const Node& node) {
  std::string text;
  Value abnormal;
  for (std::uint32_t i = 0; i < node.count; ++i) {
    const NodeId id = child(node, i);
    const Value part = placed(interpolated(eval(id)), plan_.nodes[id].span);
    if (part.is_abnormal()) {
      abnormal = abnormal.is_null() ? part : merge_abnormal(abnormal, part);
      continue;
    }
    if (!meter_.charge_bytes(part.as_string().size())) return too_expensive();
    text += part.as_string();
  }
  return abnormal.is_null() ? Value::string(std::move(text)) : abnormal;
}

} // namespace allod::cel
