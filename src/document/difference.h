// What differs between two values, leaf by leaf.
#pragma once

#include <optional>
#include <vector>

#include "document/value.h"

namespace allod::document {

struct Change {
  std::vector<PathStep> path;
  std::optional<Value> before; ///< nothing: it is new
  std::optional<Value> after;  ///< nothing: it is gone
};

/// The leaves that differ, in the order of `before`, then what is new in the order of `after`.
/// Lists are compared by position. A map or list that comes or goes as a whole is one change.
[[nodiscard]] std::vector<Change> difference(const Value& before, const Value& after);

} // namespace allod::document
