// Equality, order and hashing of values (CEL specification, "Equality" and "Ordering").
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string_view>

#include "cel/function.h"
#include "cel/value.h"

namespace allod::cel {

/// bool, or an unknown where the answer hangs on one, or an error when the meter runs out: values
/// that share parts can be exponentially larger than their memory.
[[nodiscard]] Value equal(const Value& left, const Value& right, Meter& meter);

/// The order of two numbers, strings, bytes, bools, timestamps or durations. `unordered` for NaN;
/// nothing where CEL has no order. Numbers compare across types; an integer beside a double is
/// rounded.
[[nodiscard]] std::optional<std::partial_ordering> order(const Value& left, const Value& right);

/// Numbers of any types on one line.
[[nodiscard]] std::partial_ordering order_numbers(const Value& left, const Value& right);

/// Whether two map keys are the same key. A double finds the integer that is exactly the same
/// number.
[[nodiscard]] bool equal_keys(const Value& left, const Value& right);

/// Equal keys have equal hashes.
[[nodiscard]] std::size_t hash_key(const Value& key);
[[nodiscard]] std::size_t hash_text(std::string_view text);

} // namespace allod::cel
