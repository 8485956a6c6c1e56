#include "cel/value_equal.h"

#include <cmath>
#include <functional>
#include <limits>

namespace allod::cel {

namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

std::partial_ordering order_int_uint(std::int64_t left, std::uint64_t right) {
  if (left < 0) return std::partial_ordering::less;
  return static_cast<std::uint64_t>(left) <=> right;
}

// An integer beside a double is compared as a double, as the conformance cases want it: only
// outside the integers' range is the answer exact.

std::partial_ordering order_int_double(std::int64_t left, double right) {
  if (right > kTwoTo63) return std::partial_ordering::less;
  if (right < -kTwoTo63) return std::partial_ordering::greater;
  return static_cast<double>(left) <=> right;
}

std::partial_ordering order_uint_double(std::uint64_t left, double right) {
  if (right > kTwoTo64) return std::partial_ordering::less;
  if (right < 0) return std::partial_ordering::greater;
  return static_cast<double>(left) <=> right;
}

/// Whether an integer and a double are exactly the same number.
bool same_number(const Value& integer, double real) {
  if (std::trunc(real) != real) return false;
  if (integer.is(Kind::int64)) {
    return real >= -kTwoTo63 && real < kTwoTo63 &&
           static_cast<std::int64_t>(real) == integer.as_int();
  }
  return real >= 0 && real < kTwoTo64 && static_cast<std::uint64_t>(real) == integer.as_uint();
}

std::partial_ordering reversed(std::partial_ordering ordering) {
  return 0 <=> ordering;
}

std::strong_ordering order_text(std::string_view left, std::string_view right) {
  return left.compare(right) <=> 0;
}

/// How a comparison of two trees ends: remembers unknowns on the way, stops at the first
/// difference.
class Comparison {
 public:
  explicit Comparison(Meter& meter) : meter_(meter) {}

  Value result(bool same) {
    if (meter_.exhausted()) return Value::error("comparing costs more than the limit");
    if (same && !unknowns_.empty()) return Value::unknown(std::move(unknowns_));
    return Value::of_bool(same);
  }

  bool same(const Value& left, const Value& right) {
    if (!meter_.charge(1)) return false;
    if (left.is(Kind::unknown) || right.is(Kind::unknown)) return note_unknown(left, right);
    if (left.is_number() && right.is_number()) return order_numbers(left, right) == 0;
    if (left.kind() != right.kind()) return false;
    switch (left.kind()) {
    case Kind::null:
      return true;
    case Kind::boolean:
      return left.as_bool() == right.as_bool();
    case Kind::string:
      return same_text(left.as_string(), right.as_string());
    case Kind::bytes:
      return same_text(left.as_bytes(), right.as_bytes());
    case Kind::list:
      return same_lists(left.as_list(), right.as_list());
    case Kind::map:
      return same_maps(left.as_map(), right.as_map());
    case Kind::timestamp:
      return left.as_timestamp() == right.as_timestamp();
    case Kind::duration:
      return left.as_duration() == right.as_duration();
    case Kind::type:
      return left.as_type() == right.as_type();
    case Kind::optional:
      return same_optionals(left.as_optional(), right.as_optional());
    case Kind::opaque:
      return same_opaque(left.as_opaque(), right.as_opaque());
    default:
      return false;
    }
  }

 private:
  bool note_unknown(const Value& left, const Value& right) {
    for (const Value* side : {&left, &right}) {
      if (side->is(Kind::unknown))
        unknowns_.insert(side->as_unknown().begin(), side->as_unknown().end());
    }
    return true;
  }

  bool same_text(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) return false;
    return meter_.charge_bytes(left.size()) && left == right;
  }

  bool same_lists(const List& left, const List& right) {
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (!same(left.at(i), right.at(i))) return false;
    }
    return true;
  }

  bool same_maps(const Map& left, const Map& right) {
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
      const auto [key, value] = left.entry(i);
      const auto other = right.find(key);
      if (!other || !same(value, *other)) return false;
    }
    return true;
  }

  bool same_optionals(const Value* left, const Value* right) {
    if (left == nullptr || right == nullptr) return left == right;
    return same(*left, *right);
  }

  static bool same_opaque(const Opaque& left, const Opaque& right) {
    return left.type_name() == right.type_name() && left.equals(right);
  }

  Meter& meter_;
  std::set<std::string> unknowns_;
};

} // namespace

std::partial_ordering order_numbers(const Value& left, const Value& right) {
  switch (left.kind()) {
  case Kind::int64:
    switch (right.kind()) {
    case Kind::int64:
      return left.as_int() <=> right.as_int();
    case Kind::uint64:
      return order_int_uint(left.as_int(), right.as_uint());
    default:
      return order_int_double(left.as_int(), right.as_double());
    }
  case Kind::uint64:
    switch (right.kind()) {
    case Kind::int64:
      return reversed(order_int_uint(right.as_int(), left.as_uint()));
    case Kind::uint64:
      return left.as_uint() <=> right.as_uint();
    default:
      return order_uint_double(left.as_uint(), right.as_double());
    }
  default:
    switch (right.kind()) {
    case Kind::int64:
      return reversed(order_int_double(right.as_int(), left.as_double()));
    case Kind::uint64:
      return reversed(order_uint_double(right.as_uint(), left.as_double()));
    default:
      return left.as_double() <=> right.as_double();
    }
  }
}

std::optional<std::partial_ordering> order(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return order_numbers(left, right);
  if (left.kind() != right.kind()) return std::nullopt;
  switch (left.kind()) {
  case Kind::boolean:
    return left.as_bool() <=> right.as_bool();
  case Kind::string:
    return order_text(left.as_string(), right.as_string());
  case Kind::bytes:
    return order_text(left.as_bytes(), right.as_bytes());
  case Kind::timestamp:
    return left.as_timestamp() <=> right.as_timestamp();
  case Kind::duration:
    return left.as_duration() <=> right.as_duration();
  default:
    return std::nullopt;
  }
}

Value equal(const Value& left, const Value& right, Meter& meter) {
  // The common cases, without the machinery for trees.
  if (left.kind() == right.kind()) {
    switch (left.kind()) {
    case Kind::int64:
      return Value::of_bool(left.as_int() == right.as_int());
    case Kind::boolean:
      return Value::of_bool(left.as_bool() == right.as_bool());
    case Kind::string:
      if (left.as_string().size() != right.as_string().size()) return Value::of_bool(false);
      if (!meter.charge_bytes(left.as_string().size())) break;
      return Value::of_bool(left.as_string() == right.as_string());
    default:
      break;
    }
  }
  Comparison comparison(meter);
  const bool same = comparison.same(left, right);
  return comparison.result(same);
}

bool Value::operator==(const Value& other) const {
  Meter meter(std::numeric_limits<std::uint64_t>::max());
  const Value result = equal(*this, other, meter);
  return result.is(Kind::boolean) && result.as_bool();
}

bool equal_keys(const Value& left, const Value& right) {
  if (left.is(Kind::string)) return right.is(Kind::string) && left.as_string() == right.as_string();
  if (left.is_number()) {
    if (!right.is_number()) return false;
    if (left.is(Kind::float64) != right.is(Kind::float64)) {
      return left.is(Kind::float64) ? same_number(right, left.as_double())
                                    : same_number(left, right.as_double());
    }
    return order_numbers(left, right) == 0;
  }
  if (left.is(Kind::boolean)) return right.is(Kind::boolean) && left.as_bool() == right.as_bool();
  return false;
}

std::size_t hash_text(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

std::size_t hash_key(const Value& key) {
  // Tables look at the low bits only, so every bit has to reach them.
  const auto spread = [](std::uint64_t number) {
    number = (number ^ (number >> 33)) * 0xFF51AFD7ED558CCD;
    number = (number ^ (number >> 33)) * 0xC4CEB9FE1A85EC53;
    return static_cast<std::size_t>(number ^ (number >> 33));
  };
  switch (key.kind()) {
  case Kind::string:
    return hash_text(key.as_string());
  case Kind::boolean:
    return key.as_bool() ? 1 : 2;
  case Kind::int64:
    return spread(static_cast<std::uint64_t>(key.as_int()));
  case Kind::uint64:
    return spread(key.as_uint());
  case Kind::float64: {
    const double number = key.as_double();
    if (number >= -kTwoTo63 && number < 0) {
      return spread(static_cast<std::uint64_t>(static_cast<std::int64_t>(number)));
    }
    if (number >= 0 && number < kTwoTo64) return spread(static_cast<std::uint64_t>(number));
    return 0;
  }
  default:
    return 0;
  }
}

} // namespace allod::cel
