// Where a variable's value stands in an Activation: the number of its declaration in the
// Environment.
#pragma once

#include <cstdint>

namespace allod::cel {

inline constexpr std::uint32_t kNoSlot = UINT32_MAX;

} // namespace allod::cel
