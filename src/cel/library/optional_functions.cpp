// Optional values (the optional types extension). The syntax with ? is the evaluator's.
#include <array>

#include "cel/library/library.h"

namespace allod::cel {

namespace {

bool is_zero(const Value& value) {
  switch (value.kind()) {
  case Kind::null:
    return true;
  case Kind::boolean:
    return !value.as_bool();
  case Kind::int64:
    return value.as_int() == 0;
  case Kind::uint64:
    return value.as_uint() == 0;
  case Kind::float64:
    return value.as_double() == 0;
  case Kind::string:
    return value.as_string().empty();
  case Kind::bytes:
    return value.as_bytes().empty();
  case Kind::list:
    return value.as_list().size() == 0;
  case Kind::map:
    return value.as_map().size() == 0;
  case Kind::timestamp:
    return value.as_timestamp() == Timestamp{};
  case Kind::duration:
    return value.as_duration() == Duration(0);
  case Kind::optional:
    return value.as_optional() == nullptr;
  default:
    return false;
  }
}

Value of(Arguments a, Meter&) {
  return Value::optional(a[0]);
}
Value none(Arguments, Meter&) {
  return Value::none();
}
Value of_non_zero(Arguments a, Meter&) {
  return is_zero(a[0]) ? Value::none() : Value::optional(a[0]);
}
Value has_value(Arguments a, Meter&) {
  return Value::of_bool(a[0].as_optional() != nullptr);
}
Value value(Arguments a, Meter&) {
  const Value* content = a[0].as_optional();
  return content != nullptr ? *content : Value::error("optional.none() has no value");
}
Value either(Arguments a, Meter&) {
  return a[0].as_optional() != nullptr ? a[0] : a[1];
}
Value or_value(Arguments a, Meter&) {
  const Value* content = a[0].as_optional();
  return content != nullptr ? *content : a[1];
}
Value unwrap(Arguments a, Meter& meter) {
  const List& list = a[0].as_list();
  if (!meter.charge_bytes(list.size() * sizeof(Value))) return {};
  std::vector<Value> present;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Value element = list.at(i);
    if (!element.is(Kind::optional))
      return Value::error("unwrapping needs a list of optional values");
    if (const Value* content = element.as_optional()) present.push_back(*content);
  }
  return Value::list(std::move(present));
}
Value first(Arguments a, Meter&) {
  const List& list = a[0].as_list();
  return list.size() == 0 ? Value::none() : Value::optional(list.at(0));
}
Value last(Arguments a, Meter&) {
  const List& list = a[0].as_list();
  return list.size() == 0 ? Value::none() : Value::optional(list.at(list.size() - 1));
}

} // namespace

void add_optional_functions(Environment& environment) {
  constexpr std::array<LibraryEntry, 11> kEntries{{
      {"optional.of(A) -> optional<A>", of},
      {"optional.none() -> optional<A>", none},
      {"optional.ofNonZeroValue(A) -> optional<A>", of_non_zero},
      {"optional<A>.hasValue() -> bool", has_value},
      {"optional<A>.value() -> A", value},
      {"optional<A>.or(optional<A>) -> optional<A>", either},
      {"optional<A>.orValue(A) -> A", or_value},
      {"optional.unwrap(list<optional<A>>) -> list<A>", unwrap},
      {"list<optional<A>>.unwrapOpt() -> list<A>", unwrap},
      {"list<A>.first() -> optional<A>", first},
      {"list<A>.last() -> optional<A>", last},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
