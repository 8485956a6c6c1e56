// The map that owns its entries: insertion order for reading, a hash table for finding.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "cel/value.h"

namespace allod::cel {

/// Of equal keys the last one counts.
[[nodiscard]] std::shared_ptr<const Map>
make_owned_map(std::vector<std::pair<Value, Value>> entries);

/// The same, and null when two keys are equal.
[[nodiscard]] std::shared_ptr<const Map>
make_distinct_map(std::vector<std::pair<Value, Value>> entries);

/// Whether a value may be a key: bool, int, uint or string (specification, "Aggregate Values").
[[nodiscard]] bool is_map_key(const Value& value);

} // namespace allod::cel
