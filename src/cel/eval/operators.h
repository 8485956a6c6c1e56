// The operators on values whose kinds are not known before (CEL specification, "Standard
// Definitions").
#pragma once

#include <string_view>

#include "cel/function.h"
#include "cel/value.h"

namespace allod::cel {

// Each gives the result or an error without a place. Operands are neither errors nor unknowns.

[[nodiscard]] Value add(const Value& left, const Value& right, Meter& meter);
[[nodiscard]] Value subtract(const Value& left, const Value& right);
[[nodiscard]] Value multiply(const Value& left, const Value& right);
[[nodiscard]] Value divide(const Value& left, const Value& right);
[[nodiscard]] Value modulo(const Value& left, const Value& right);
[[nodiscard]] Value negate(const Value& operand);

enum class Order : std::uint8_t { less, less_equal, greater, greater_equal };
[[nodiscard]] Value compare(const Value& left, const Value& right, Order wanted);

/// element in list, or key in map.
[[nodiscard]] Value contains(const Value& element, const Value& container, Meter& meter);

/// list[int] and map[key].
[[nodiscard]] Value index(const Value& container, const Value& key);
/// container[?key]: an optional; unwraps an optional container.
[[nodiscard]] Value optional_index(const Value& container, const Value& key);

/// The error for a key that a map lacks.
[[nodiscard]] Value no_such_key(const Value& key);

/// map.field
[[nodiscard]] Value select(const Value& operand, std::string_view field);
[[nodiscard]] Value optional_select(const Value& operand, std::string_view field);
/// has(map.field)
[[nodiscard]] Value has(const Value& operand, std::string_view field);

/// The error for operands that an operator or function does not take.
[[nodiscard]] Value no_overload(std::string_view function, Arguments operands);
[[nodiscard]] Value no_overload(std::string_view function, const Value& operand);

} // namespace allod::cel
