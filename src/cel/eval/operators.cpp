#include "cel/eval/operators.h"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "cel/time.h"
#include "cel/value_equal.h"

namespace allod::cel {

namespace {

Value overflow(std::string_view type) {
  return Value::error(std::string(type) + " overflow: the result is out of range");
}

Value no_overload_for(std::string_view symbol, const Value& left, const Value& right) {
  const std::array<const Value*, 2> operands{&left, &right};
  return no_overload(symbol, Arguments(operands.data(), operands.size()));
}

Value int_result(bool overflowed, std::int64_t value) {
  return overflowed ? overflow("int") : Value::of_int(value);
}

Value uint_result(bool overflowed, std::uint64_t value) {
  return overflowed ? overflow("uint") : Value::of_uint(value);
}

Value duration_result(bool overflowed, std::int64_t nanoseconds) {
  return overflowed ? overflow("duration") : Value::duration(Duration(nanoseconds));
}

Value timestamp_result(const std::optional<Timestamp>& timestamp) {
  return timestamp ? Value::timestamp(*timestamp) : overflow("timestamp");
}

Value add_lists(const Value& left, const Value& right, Meter& meter) {
  const List& first = left.as_list();
  const List& second = right.as_list();
  if (first.size() == 0) return right;
  if (second.size() == 0) return left;
  const std::size_t size = first.size() + second.size();
  if (!meter.charge_bytes(size * sizeof(Value))) return Value::error("the cost limit is reached");
  std::vector<Value> elements;
  elements.reserve(size);
  for (std::size_t i = 0; i < first.size(); ++i)
    elements.push_back(first.at(i));
  for (std::size_t i = 0; i < second.size(); ++i)
    elements.push_back(second.at(i));
  return Value::list(std::move(elements));
}

/// Joined octets; empty when that costs too much.
std::optional<std::string> add_text(std::string_view left, std::string_view right, Meter& meter) {
  if (!meter.charge_bytes(left.size() + right.size())) return std::nullopt;
  std::string text;
  text.reserve(left.size() + right.size());
  text += left;
  text += right;
  return text;
}

/// An element that the container lacks is a nullopt; a wrong container or key an error.
std::optional<Value> find(const Value& container, const Value& key) {
  if (container.is(Kind::map)) {
    if (key.is(Kind::string)) return container.as_map().find(key.as_string());
    return container.as_map().find(key);
  }
  if (!container.is(Kind::list)) return no_overload_for("[]", container, key);
  const std::size_t size = container.as_list().size();
  std::uint64_t position = 0;
  switch (key.kind()) {
  case Kind::int64:
    if (key.as_int() < 0) return std::nullopt;
    position = static_cast<std::uint64_t>(key.as_int());
    break;
  case Kind::uint64:
    position = key.as_uint();
    break;
  case Kind::float64: {
    const double number = key.as_double();
    if (!(number >= 0) || number >= 9007199254740992.0 || number != std::floor(number)) {
      return Value::error("a list has no index " + key.to_string());
    }
    position = static_cast<std::uint64_t>(number);
    break;
  }
  default:
    return no_overload_for("[]", container, key);
  }
  if (position >= size) return std::nullopt;
  return container.as_list().at(static_cast<std::size_t>(position));
}

} // namespace

Value no_such_key(const Value& key) {
  // Texts stand without quotes, as in cel-go: messages are compared with those of Kubernetes.
  return Value::error("no such key: " +
                      (key.is(Kind::string) ? std::string(key.as_string()) : key.to_string(200)));
}

Value no_overload(std::string_view function, Arguments operands) {
  std::string types;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (i > 0) types += ", ";
    types += operands[i].type_name();
  }
  return Value::error("no such overload: " + std::string(function) + " of (" + types + ")");
}

Value no_overload(std::string_view function, const Value& operand) {
  const Value* const only = &operand;
  return no_overload(function, Arguments(&only, 1));
}

Value add(const Value& left, const Value& right, Meter& meter) {
  if (left.kind() == right.kind()) {
    switch (left.kind()) {
    case Kind::int64: {
      std::int64_t sum = 0;
      const bool overflowed = __builtin_add_overflow(left.as_int(), right.as_int(), &sum);
      return int_result(overflowed, sum);
    }
    case Kind::uint64: {
      std::uint64_t sum = 0;
      const bool overflowed = __builtin_add_overflow(left.as_uint(), right.as_uint(), &sum);
      return uint_result(overflowed, sum);
    }
    case Kind::float64:
      return Value::of_double(left.as_double() + right.as_double());
    case Kind::string: {
      auto text = add_text(left.as_string(), right.as_string(), meter);
      return text ? Value::string(std::move(*text)) : Value::error("the cost limit is reached");
    }
    case Kind::bytes: {
      auto octets = add_text(left.as_bytes(), right.as_bytes(), meter);
      return octets ? Value::bytes(std::move(*octets)) : Value::error("the cost limit is reached");
    }
    case Kind::list:
      return add_lists(left, right, meter);
    case Kind::duration: {
      std::int64_t sum = 0;
      const bool overflowed =
          __builtin_add_overflow(left.as_duration().count(), right.as_duration().count(), &sum);
      return duration_result(overflowed, sum);
    }
    default:
      break;
    }
  }
  if (left.is(Kind::timestamp) && right.is(Kind::duration)) {
    return timestamp_result(add(left.as_timestamp(), right.as_duration()));
  }
  if (left.is(Kind::duration) && right.is(Kind::timestamp)) {
    return timestamp_result(add(right.as_timestamp(), left.as_duration()));
  }
  return no_overload_for("+", left, right);
}

Value subtract(const Value& left, const Value& right) {
  if (left.kind() == right.kind()) {
    switch (left.kind()) {
    case Kind::int64: {
      std::int64_t difference = 0;
      const bool overflowed = __builtin_sub_overflow(left.as_int(), right.as_int(), &difference);
      return int_result(overflowed, difference);
    }
    case Kind::uint64:
      return uint_result(left.as_uint() < right.as_uint(), left.as_uint() - right.as_uint());
    case Kind::float64:
      return Value::of_double(left.as_double() - right.as_double());
    case Kind::duration: {
      std::int64_t difference = 0;
      const bool overflowed = __builtin_sub_overflow(left.as_duration().count(),
                                                     right.as_duration().count(), &difference);
      return duration_result(overflowed, difference);
    }
    case Kind::timestamp: {
      const auto difference = subtract(left.as_timestamp(), right.as_timestamp());
      return difference ? Value::duration(*difference) : overflow("duration");
    }
    default:
      break;
    }
  }
  if (left.is(Kind::timestamp) && right.is(Kind::duration)) {
    const Duration duration = right.as_duration();
    // The least duration has no negative, so it goes in two steps.
    if (duration == Duration::min()) {
      const auto most = add(left.as_timestamp(), Duration::max());
      return timestamp_result(most ? add(*most, Duration(1)) : std::nullopt);
    }
    return timestamp_result(add(left.as_timestamp(), -duration));
  }
  return no_overload_for("-", left, right);
}

Value multiply(const Value& left, const Value& right) {
  if (left.kind() == right.kind()) {
    switch (left.kind()) {
    case Kind::int64: {
      std::int64_t product = 0;
      const bool overflowed = __builtin_mul_overflow(left.as_int(), right.as_int(), &product);
      return int_result(overflowed, product);
    }
    case Kind::uint64: {
      std::uint64_t product = 0;
      const bool overflowed = __builtin_mul_overflow(left.as_uint(), right.as_uint(), &product);
      return uint_result(overflowed, product);
    }
    case Kind::float64:
      return Value::of_double(left.as_double() * right.as_double());
    default:
      break;
    }
  }
  return no_overload_for("*", left, right);
}

Value divide(const Value& left, const Value& right) {
  if (left.kind() == right.kind()) {
    switch (left.kind()) {
    case Kind::int64:
      if (right.as_int() == 0) return Value::error("division by zero");
      if (left.as_int() == std::numeric_limits<std::int64_t>::min() && right.as_int() == -1) {
        return overflow("int");
      }
      return Value::of_int(left.as_int() / right.as_int());
    case Kind::uint64:
      if (right.as_uint() == 0) return Value::error("division by zero");
      return Value::of_uint(left.as_uint() / right.as_uint());
    case Kind::float64:
      return Value::of_double(left.as_double() / right.as_double());
    default:
      break;
    }
  }
  return no_overload_for("/", left, right);
}

Value modulo(const Value& left, const Value& right) {
  if (left.kind() == right.kind()) {
    switch (left.kind()) {
    case Kind::int64:
      if (right.as_int() == 0) return Value::error("modulus by zero");
      if (left.as_int() == std::numeric_limits<std::int64_t>::min() && right.as_int() == -1) {
        return overflow("int");
      }
      return Value::of_int(left.as_int() % right.as_int());
    case Kind::uint64:
      if (right.as_uint() == 0) return Value::error("modulus by zero");
      return Value::of_uint(left.as_uint() % right.as_uint());
    default:
      break;
    }
  }
  return no_overload_for("%", left, right);
}

Value negate(const Value& operand) {
  if (operand.is(Kind::int64)) {
    if (operand.as_int() == std::numeric_limits<std::int64_t>::min()) return overflow("int");
    return Value::of_int(-operand.as_int());
  }
  if (operand.is(Kind::float64)) return Value::of_double(-operand.as_double());
  return no_overload("-", operand);
}

Value compare(const Value& left, const Value& right, Order wanted) {
  const auto ordering = order(left, right);
  if (!ordering) {
    constexpr std::array<std::string_view, 4> kSymbols{"<", "<=", ">", ">="};
    return no_overload_for(kSymbols.at(static_cast<std::size_t>(wanted)), left, right);
  }
  switch (wanted) {
  case Order::less:
    return Value::of_bool(*ordering < 0);
  case Order::less_equal:
    return Value::of_bool(*ordering <= 0);
  case Order::greater:
    return Value::of_bool(*ordering > 0);
  case Order::greater_equal:
    return Value::of_bool(*ordering >= 0);
  }
  return Value::of_bool(false);
}

Value contains(const Value& element, const Value& container, Meter& meter) {
  if (container.is(Kind::map)) return Value::of_bool(container.as_map().find(element).has_value());
  if (!container.is(Kind::list)) return no_overload_for("in", element, container);
  const List& list = container.as_list();
  const std::vector<Value>* elements = container.elements();
  std::set<std::string> unknowns;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Value same = elements != nullptr ? equal((*elements)[i], element, meter)
                                           : equal(list.at(i), element, meter);
    if (same.is(Kind::error)) return same;
    if (same.is(Kind::unknown)) {
      unknowns.insert(same.as_unknown().begin(), same.as_unknown().end());
    } else if (same.as_bool()) {
      return same;
    }
  }
  return unknowns.empty() ? Value::of_bool(false) : Value::unknown(std::move(unknowns));
}

Value index(const Value& container, const Value& key) {
  auto found = find(container, key);
  if (found) return std::move(*found);
  if (container.is(Kind::map)) return no_such_key(key);
  return Value::error("index out of bounds: " + key.to_string() + " in a list of " +
                      std::to_string(container.as_list().size()));
}

Value optional_index(const Value& container, const Value& key) {
  if (container.is(Kind::optional)) {
    const Value* content = container.as_optional();
    return content == nullptr ? container : optional_index(*content, key);
  }
  auto found = find(container, key);
  if (!found) return Value::none();
  if (found->is_abnormal()) return std::move(*found);
  return Value::optional(std::move(*found));
}

Value select(const Value& operand, std::string_view field) {
  if (operand.is(Kind::map)) {
    auto found = operand.as_map().find(field);
    if (found) return std::move(*found);
    return no_such_key(Value::borrow_string(field));
  }
  if (operand.is(Kind::optional)) return optional_select(operand, field);
  return Value::error("a value of type " + operand.type_name() + " has no field \"" +
                      std::string(field) + "\"");
}

Value optional_select(const Value& operand, std::string_view field) {
  if (operand.is(Kind::optional)) {
    const Value* content = operand.as_optional();
    return content == nullptr ? operand : optional_select(*content, field);
  }
  if (!operand.is(Kind::map)) return select(operand, field);
  auto found = operand.as_map().find(field);
  if (!found) return Value::none();
  if (found->is_abnormal()) return std::move(*found);
  return Value::optional(std::move(*found));
}

Value has(const Value& operand, std::string_view field) {
  if (operand.is(Kind::optional)) {
    const Value* content = operand.as_optional();
    return content == nullptr ? Value::of_bool(false) : has(*content, field);
  }
  if (!operand.is(Kind::map)) return select(operand, field);
  // A key that is there with a value not known yet is there all the same.
  const auto found = operand.as_map().find(field);
  if (found && found->is(Kind::error)) return *found;
  return Value::of_bool(found.has_value());
}

} // namespace allod::cel
