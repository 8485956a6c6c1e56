// The map that owns its entries: insertion order for reading, a hash table for finding.
#pragma once

#include <utility>
#include <vector>

#include "cel/value.h"

namespace allod::cel {

/// For Value to hold. Of equal keys the last one counts.
[[nodiscard]] const Shared* make_owned_map(std::vector<std::pair<Value, Value>> entries);

/// The same, and null when two keys are equal.
[[nodiscard]] const Shared* make_distinct_map(std::vector<std::pair<Value, Value>> entries);

/// Whether a value may be a key: bool, int, uint or string (specification, "Aggregate Values").
[[nodiscard]] bool is_map_key(const Value& value);

} // namespace allod::cel
