// Sizes, substrings, types (CEL specification, "Standard Definitions").
#include <array>

#include <re2/re2.h>

#include "cel/library/arguments.h"
#include "cel/library/library.h"
#include "cel/library/regex.h"

namespace allod::cel {

namespace {

Value of_size(std::size_t size) {
  return Value::of_int(static_cast<std::int64_t>(size));
}

Value size_of_string(Arguments a, Meter& meter) {
  meter.charge_bytes(a[0].as_string().size());
  return of_size(count_code_points(a[0].as_string()));
}
Value size_of_bytes(Arguments a, Meter&) {
  return of_size(a[0].as_bytes().size());
}
Value size_of_list(Arguments a, Meter&) {
  return of_size(a[0].as_list().size());
}
Value size_of_map(Arguments a, Meter&) {
  return of_size(a[0].as_map().size());
}

Value contains_text(Arguments a, Meter& meter) {
  if (!charge_search(meter, a[0].as_string().size(), a[1].as_string().size())) return cost_error();
  return Value::of_bool(a[0].as_string().find(a[1].as_string()) != std::string::npos);
}
Value starts_with(Arguments a, Meter&) {
  return Value::of_bool(a[0].as_string().starts_with(a[1].as_string()));
}
Value ends_with(Arguments a, Meter&) {
  return Value::of_bool(a[0].as_string().ends_with(a[1].as_string()));
}

Value matches(Arguments a, Meter& meter) {
  const Regex regex(a[1].as_string(), meter);
  if (auto problem = regex.problem()) return std::move(*problem);
  if (!regex.charge_match(a[0].as_string().size(), meter)) return cost_error();
  return Value::of_bool(re2::RE2::PartialMatch(a[0].as_string(), regex.expression()));
}

Value identity(Arguments a, Meter&) {
  return a[0];
}
Value type_of(Arguments a, Meter&) {
  return Value::type(a[0].type_name());
}

} // namespace

void add_standard_functions(Environment& environment) {
  constexpr std::array<LibraryEntry, 15> kEntries{{
      {"size(string) -> int", size_of_string},
      {"size(bytes) -> int", size_of_bytes},
      {"size(list<A>) -> int", size_of_list},
      {"size(map<A, B>) -> int", size_of_map},
      {"string.size() -> int", size_of_string},
      {"bytes.size() -> int", size_of_bytes},
      {"list<A>.size() -> int", size_of_list},
      {"map<A, B>.size() -> int", size_of_map},
      {"string.contains(string) -> bool", contains_text},
      {"string.startsWith(string) -> bool", starts_with},
      {"string.endsWith(string) -> bool", ends_with},
      {"string.matches(string) -> bool", matches},
      {"matches(string, string) -> bool", matches},
      {"dyn(A) -> dyn", identity},
      {"type(A) -> type<A>", type_of},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
