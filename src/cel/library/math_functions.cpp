// The math extension.
#include <array>
#include <cmath>
#include <limits>

#include "cel/library/arguments.h"
#include "cel/library/library.h"
#include "cel/value_equal.h"

namespace allod::cel {

namespace {

/// Of two numbers the one that `wanted` prefers; the first one when they are equal.
Value extreme_of_two(const Value& left, const Value& right, bool greatest) {
  if (!left.is_number() || !right.is_number()) {
    return Value::error("only numbers can be compared here, not " +
                        (left.is_number() ? right : left).type_name());
  }
  const auto ordering = order_numbers(right, left);
  return (greatest ? ordering > 0 : ordering < 0) ? right : left;
}

Value extreme(Arguments a, Meter& meter, bool greatest) {
  if (a.size() == 2) return extreme_of_two(a[0], a[1], greatest);
  if (!a[0].is(Kind::list)) return extreme_of_two(a[0], a[0], greatest);
  const List& list = a[0].as_list();
  if (list.size() == 0) return Value::error("an empty list has no greatest or least number");
  if (!meter.charge(list.size())) return cost_error();
  Value best = list.at(0);
  for (std::size_t i = 0; i < list.size() && !best.is_abnormal(); ++i) {
    const Value element = list.at(i);
    best = element.is_abnormal() ? element : extreme_of_two(best, element, greatest);
  }
  return best;
}
Value greatest(Arguments a, Meter& meter) {
  return extreme(a, meter, true);
}
Value least(Arguments a, Meter& meter) {
  return extreme(a, meter, false);
}

Value ceil(Arguments a, Meter&) {
  return Value::of_double(std::ceil(a[0].as_double()));
}
Value floor(Arguments a, Meter&) {
  return Value::of_double(std::floor(a[0].as_double()));
}
Value round(Arguments a, Meter&) {
  return Value::of_double(std::round(a[0].as_double()));
}
Value trunc(Arguments a, Meter&) {
  return Value::of_double(std::trunc(a[0].as_double()));
}
Value is_nan(Arguments a, Meter&) {
  return Value::of_bool(std::isnan(a[0].as_double()));
}
Value is_inf(Arguments a, Meter&) {
  return Value::of_bool(std::isinf(a[0].as_double()));
}
Value is_finite(Arguments a, Meter&) {
  return Value::of_bool(std::isfinite(a[0].as_double()));
}

Value abs(Arguments a, Meter&) {
  switch (a[0].kind()) {
  case Kind::int64:
    if (a[0].as_int() == std::numeric_limits<std::int64_t>::min()) {
      return Value::error("int overflow: the result is out of range");
    }
    return Value::of_int(a[0].as_int() < 0 ? -a[0].as_int() : a[0].as_int());
  case Kind::uint64:
    return a[0];
  default:
    return Value::of_double(std::fabs(a[0].as_double()));
  }
}

Value sign(Arguments a, Meter&) {
  switch (a[0].kind()) {
  case Kind::int64:
    return Value::of_int((a[0].as_int() > 0) - (a[0].as_int() < 0));
  case Kind::uint64:
    return Value::of_uint(a[0].as_uint() > 0 ? 1 : 0);
  default: {
    const double number = a[0].as_double();
    if (std::isnan(number)) return a[0];
    return Value::of_double((number > 0) - (number < 0));
  }
  }
}

Value sqrt(Arguments a, Meter&) {
  switch (a[0].kind()) {
  case Kind::int64:
    return Value::of_double(std::sqrt(static_cast<double>(a[0].as_int())));
  case Kind::uint64:
    return Value::of_double(std::sqrt(static_cast<double>(a[0].as_uint())));
  default:
    return Value::of_double(std::sqrt(a[0].as_double()));
  }
}

std::uint64_t bits_of(const Value& value) {
  return value.is(Kind::int64) ? static_cast<std::uint64_t>(value.as_int()) : value.as_uint();
}

/// Bits as a value of the same kind as `like`.
Value of_bits(std::uint64_t bits, const Value& like) {
  return like.is(Kind::int64) ? Value::of_int(static_cast<std::int64_t>(bits))
                              : Value::of_uint(bits);
}

Value bit_or(Arguments a, Meter&) {
  return of_bits(bits_of(a[0]) | bits_of(a[1]), a[0]);
}
Value bit_and(Arguments a, Meter&) {
  return of_bits(bits_of(a[0]) & bits_of(a[1]), a[0]);
}
Value bit_xor(Arguments a, Meter&) {
  return of_bits(bits_of(a[0]) ^ bits_of(a[1]), a[0]);
}
Value bit_not(Arguments a, Meter&) {
  return of_bits(~bits_of(a[0]), a[0]);
}

Value shift(Arguments a, bool left) {
  const std::int64_t count = a[1].as_int();
  if (count < 0) return Value::error("a shift cannot be negative: " + std::to_string(count));
  if (count >= 64) return of_bits(0, a[0]);
  const std::uint64_t bits = bits_of(a[0]);
  // To the right zeros come in, also for a negative int.
  return of_bits(left ? bits << count : bits >> count, a[0]);
}
Value shift_left(Arguments a, Meter&) {
  return shift(a, true);
}
Value shift_right(Arguments a, Meter&) {
  return shift(a, false);
}

/// greatest and least: one number, any two numbers, or a list.
void add_extremes(Environment& environment) {
  const std::array<std::string, 3> kNumbers{"int", "uint", "double"};
  for (const bool is_greatest : {true, false}) {
    const std::string name = is_greatest ? "math.greatest(" : "math.least(";
    const auto implementation = is_greatest ? greatest : least;
    for (const std::string& one : kNumbers) {
      const std::string alone = name + one + ") -> " + one;
      add_entries(environment, std::array<LibraryEntry, 1>{{{alone, implementation}}});
      for (const std::string& other : kNumbers) {
        const std::string both = name + one + ", " + other + ") -> " + (one == other ? one : "dyn");
        add_entries(environment, std::array<LibraryEntry, 1>{{{both, implementation}}});
      }
    }
    const std::string list = name + "list<A>) -> A";
    add_entries(environment, std::array<LibraryEntry, 1>{{{list, implementation}}});
  }
}

} // namespace

void add_math_functions(Environment& environment) {
  add_extremes(environment);
  constexpr std::array<LibraryEntry, 28> kEntries{{
      {"math.ceil(double) -> double", ceil},
      {"math.floor(double) -> double", floor},
      {"math.round(double) -> double", round},
      {"math.trunc(double) -> double", trunc},
      {"math.isNaN(double) -> bool", is_nan},
      {"math.isInf(double) -> bool", is_inf},
      {"math.isFinite(double) -> bool", is_finite},
      {"math.abs(int) -> int", abs},
      {"math.abs(uint) -> uint", abs},
      {"math.abs(double) -> double", abs},
      {"math.sign(int) -> int", sign},
      {"math.sign(uint) -> uint", sign},
      {"math.sign(double) -> double", sign},
      {"math.sqrt(int) -> double", sqrt},
      {"math.sqrt(uint) -> double", sqrt},
      {"math.sqrt(double) -> double", sqrt},
      {"math.bitOr(int, int) -> int", bit_or},
      {"math.bitOr(uint, uint) -> uint", bit_or},
      {"math.bitAnd(int, int) -> int", bit_and},
      {"math.bitAnd(uint, uint) -> uint", bit_and},
      {"math.bitXor(int, int) -> int", bit_xor},
      {"math.bitXor(uint, uint) -> uint", bit_xor},
      {"math.bitNot(int) -> int", bit_not},
      {"math.bitNot(uint) -> uint", bit_not},
      {"math.bitShiftLeft(int, int) -> int", shift_left},
      {"math.bitShiftLeft(uint, int) -> uint", shift_left},
      {"math.bitShiftRight(int, int) -> int", shift_right},
      {"math.bitShiftRight(uint, int) -> uint", shift_right},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
