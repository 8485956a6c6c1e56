#include "cel/eval/call_cost.h"

#include <algorithm>
#include <map>

namespace allod::cel {

namespace {

std::uint64_t traverse(Arguments a, const Value&) {
  return traversal_cost(size_for_cost(a[0]));
}
std::uint64_t traverse_twice(Arguments a, const Value&) {
  return (size_for_cost(a[0]) + 4) / 5;
}
std::uint64_t build(Arguments, const Value& result) {
  return (size_for_cost(result) + 4) / 5;
}
// A call that makes a list: one unit for the call, ten for the list, and its elements.
std::uint64_t make_list(Arguments, const Value& result) {
  return 11 + size_for_cost(result);
}
std::uint64_t flatten(Arguments a, const Value&) {
  return 11 + size_for_cost(a[0]);
}
std::uint64_t compare_all(Arguments a, const Value&) {
  const List& list = a[0].as_list();
  const std::uint64_t pairs = list.size() * list.size();
  const bool texts = list.size() > 0 && list.at(0).is(Kind::string);
  return 11 + 2 * pairs + (texts ? pairs / 10 : 0);
}
std::uint64_t search(Arguments a, const Value&) {
  return traversal_cost(size_for_cost(a[0])) * traversal_cost(size_for_cost(a[1]));
}
std::uint64_t match(Arguments a, const Value&) {
  return traversal_cost(size_for_cost(a[0]) + 1) * ((size_for_cost(a[1]) + 3) / 4);
}
std::uint64_t check_access(Arguments, const Value&) {
  return 350'000; // two of them fit into an expression's limit
}

/// Going over a list with all that is in it.
std::uint64_t deep(const Value& value) {
  switch (value.kind()) {
  case Kind::string:
  case Kind::bytes:
    return size_for_cost(value) / 10;
  case Kind::list: {
    std::uint64_t cost = 0;
    for (std::size_t i = 0; i < value.as_list().size(); ++i)
      cost += deep(value.as_list().at(i));
    return cost;
  }
  default:
    return 1;
  }
}
std::uint64_t traverse_deep(Arguments a, const Value&) {
  return deep(a[0]);
}

std::uint64_t validate(Arguments a, const Value&) {
  constexpr std::uint64_t kRegex = 8; // of a DNS label; longer ones count a little more there
  return traversal_cost(size_for_cost(a[1]) + 1) * kRegex;
}

std::uint64_t all_pairs(Arguments a, const Value&) {
  return 1 + size_for_cost(a[0]) * size_for_cost(a[1]);
}
std::uint64_t all_pairs_twice(Arguments a, const Value&) {
  return 1 + 2 * size_for_cost(a[0]) * size_for_cost(a[1]);
}
std::uint64_t contains_address(Arguments a, const Value&) {
  return 1 + (a[1].is(Kind::string) ? traversal_cost(size_for_cost(a[1])) : 0);
}
std::uint64_t contains_network(Arguments a, const Value& result) {
  return 2 + contains_address(a, result);
}

} // namespace

std::uint64_t size_for_cost(const Value& value) {
  switch (value.kind()) {
  case Kind::string:
    return value.as_string().size();
  case Kind::bytes:
    return value.as_bytes().size();
  case Kind::list:
    return value.as_list().size();
  case Kind::map:
    return value.as_map().size();
  default:
    return 1;
  }
}

CallCost call_cost(std::string_view function, bool member) {
  static const std::map<std::string_view, CallCost> rules{
      {"startsWith", traverse},
      {"endsWith", traverse},
      {"bytes", traverse},
      {"strings.quote", traverse},
      {"format", traverse},
      {"url", traverse},
      {"lowerAscii", traverse},
      {"upperAscii", traverse},
      {"substring", traverse},
      {"trim", traverse},
      {"jsonpatch.escapeKey", traverse},
      {"cidr", traverse},
      {"isIP", traverse},
      {"isCIDR", traverse},
      {"quantity", traverse},
      {"isQuantity", traverse},
      {"semver", traverse},
      {"isSemver", traverse},
      {"ip.isCanonical", traverse_twice},
      {"replace", traverse_twice},
      {"split", traverse_twice},
      {"join", build},
      {"isSorted", traverse_deep},
      {"sum", traverse_deep},
      {"min", traverse_deep},
      {"max", traverse_deep},
      {"indexOf", traverse_deep},
      {"lastIndexOf", traverse_deep},
      {"find", match},
      {"findAll", match},
      {"matches", match},
      {"contains", search},
      {"validate", validate},
      {"check", check_access},
      {"slice", make_list},
      {"lists.range", make_list},
      {"flatten", flatten},
      {"distinct", compare_all},
      {"containsIP", contains_address},
      {"containsCIDR", contains_network},
      {"sets.contains", all_pairs},
      {"sets.intersects", all_pairs},
      {"sets.equivalent", all_pairs_twice},
  };
  if (function == "ip" && !member) return traverse;
  if (function == "reverse") return make_list; // of a text it counts the same
  const auto found = rules.find(function);
  return found == rules.end() ? nullptr : found->second;
}

} // namespace allod::cel
