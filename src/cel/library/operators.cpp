// The types of the operators.
#include <array>
#include <cassert>
#include <string>
#include <utility>

#include "cel/environment.h"

namespace allod::cel {

void add_operators(Environment& environment) {
  constexpr std::array<std::string_view, 67> kSignatures{
      "!_(bool) -> bool",
      "-_(int) -> int",
      "-_(double) -> double",
      "_==_(A, A) -> bool",
      "_!=_(A, A) -> bool",
      "_<_(bool, bool) -> bool",
      "_<_(int, int) -> bool",
      "_<_(uint, uint) -> bool",
      "_<_(double, double) -> bool",
      "_<_(string, string) -> bool",
      "_<_(bytes, bytes) -> bool",
      "_<_(timestamp, timestamp) -> bool",
      "_<_(duration, duration) -> bool",
      "_<=_(bool, bool) -> bool",
      "_<=_(int, int) -> bool",
      "_<=_(uint, uint) -> bool",
      "_<=_(double, double) -> bool",
      "_<=_(string, string) -> bool",
      "_<=_(bytes, bytes) -> bool",
      "_<=_(timestamp, timestamp) -> bool",
      "_<=_(duration, duration) -> bool",
      "_>_(bool, bool) -> bool",
      "_>_(int, int) -> bool",
      "_>_(uint, uint) -> bool",
      "_>_(double, double) -> bool",
      "_>_(string, string) -> bool",
      "_>_(bytes, bytes) -> bool",
      "_>_(timestamp, timestamp) -> bool",
      "_>_(duration, duration) -> bool",
      "_>=_(bool, bool) -> bool",
      "_>=_(int, int) -> bool",
      "_>=_(uint, uint) -> bool",
      "_>=_(double, double) -> bool",
      "_>=_(string, string) -> bool",
      "_>=_(bytes, bytes) -> bool",
      "_>=_(timestamp, timestamp) -> bool",
      "_>=_(duration, duration) -> bool",
      "_+_(int, int) -> int",
      "_+_(uint, uint) -> uint",
      "_+_(double, double) -> double",
      "_+_(string, string) -> string",
      "_+_(bytes, bytes) -> bytes",
      "_+_(list<A>, list<A>) -> list<A>",
      "_+_(timestamp, duration) -> timestamp",
      "_+_(duration, timestamp) -> timestamp",
      "_+_(duration, duration) -> duration",
      "_-_(int, int) -> int",
      "_-_(uint, uint) -> uint",
      "_-_(double, double) -> double",
      "_-_(timestamp, timestamp) -> duration",
      "_-_(timestamp, duration) -> timestamp",
      "_-_(duration, duration) -> duration",
      "_*_(int, int) -> int",
      "_*_(uint, uint) -> uint",
      "_*_(double, double) -> double",
      "_/_(int, int) -> int",
      "_/_(uint, uint) -> uint",
      "_/_(double, double) -> double",
      "_%_(int, int) -> int",
      "_%_(uint, uint) -> uint",
      "@in(A, list<A>) -> bool",
      "@in(A, map<A, B>) -> bool",
      "_[_](list<A>, int) -> A",
      "_[_](map<A, B>, A) -> B",
      "_[_](optional<list<A>>, int) -> optional<A>",
      "_[_](optional<map<A, B>>, A) -> optional<B>",
      "_[?_](list<A>, int) -> optional<A>"};
  constexpr std::array<std::string_view, 3> kMore{"_[?_](map<A, B>, A) -> optional<B>",
                                                  "_[?_](optional<list<A>>, int) -> optional<A>",
                                                  "_[?_](optional<map<A, B>>, A) -> optional<B>"};
  for (const auto signature : kSignatures)
    environment.add_operator(signature);
  for (const auto signature : kMore)
    environment.add_operator(signature);
}

void add_mixed_orders(Environment& environment) {
  for (const char* name : {"_<_", "_<=_", "_>_", "_>=_"}) {
    for (const char* types :
         {"int, double", "double, int", "uint, double", "double, uint", "int, uint", "uint, int"}) {
      environment.add_operator(std::string(name) + "(" + types + ") -> bool");
    }
  }
}

void Environment::add_operator(std::string_view signature) {
  auto function = parse_signature(signature);
  assert(function.ok());
  const auto present = functions_.find(function->name);
  auto merged = std::make_shared<Function>();
  if (present != functions_.end()) *merged = *present->second;
  merged->name = function->name;
  merged->overloads.push_back(std::move(function->overloads[0]));
  functions_.insert_or_assign(merged->name, std::move(merged));
}

} // namespace allod::cel
