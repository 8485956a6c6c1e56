// What a Kubernetes API server counts for calls (its CEL library's cost.go and cel-go's
// runtimecost.go, Kubernetes 1.34). Sizes of texts are counted in bytes here, there in code points.
#pragma once

#include <cstdint>
#include <string_view>

#include "cel/function.h"
#include "cel/value.h"

namespace allod::cel {

using CallCost = std::uint64_t (*)(Arguments arguments, const Value& result);

/// The rule for a function; null when a call is one unit.
[[nodiscard]] CallCost call_cost(std::string_view function, bool member);

/// The size of a text, octets, list or map; of anything else 1.
[[nodiscard]] std::uint64_t size_for_cost(const Value& value);

/// Going over a text: a tenth of a unit for each byte, rounded up.
[[nodiscard]] inline std::uint64_t traversal_cost(std::uint64_t size) {
  return (size + 9) / 10;
}

} // namespace allod::cel
