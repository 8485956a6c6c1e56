// What differs between two values, leaf by leaf: to say which input changed from what to what.
#pragma once

#include <string>
#include <vector>

#include "document/value.h"

namespace allod::document {

struct Change {
  std::vector<PathStep> path;
  const Value* before = nullptr; ///< within the first value; nullptr when the leaf is new
  const Value* after = nullptr;  ///< within the second value; nullptr when the leaf is gone
};

/// The changes that lead from `before` to `after`, in the order of `before`, what is new in a map
/// last. Both must outlive the result. Maps are compared key by key, also those that came or went
/// as a whole; lists element by element once equal elements at their start and end are set aside,
/// so that one that is put in or taken out of a list shows as one change. Indices count in `after`,
/// those of elements that went in `before`. Places do not count, nor does the order of keys.
[[nodiscard]] std::vector<Change> difference(const Value& before, const Value& after);

/// `size: "1Gi" → "2Gi"`, `size: new, "1Gi"` or `size: was "1Gi"`; long values are cut.
[[nodiscard]] std::string format_change(const Change& change);

} // namespace allod::document
