// Document values as CEL values and back.
#pragma once

#include "base/result.h"
#include "cel/value.h"
#include "document/value.h"

namespace allod::document {

/// Deep copy. Maps have string keys; integers are int, numbers double.
[[nodiscard]] cel::Value to_cel(const Value& value);

/// Errors: invalid_input for values that documents do not have (bytes, types, unknowns, maps with
/// other keys than strings). Timestamps and durations become texts; an empty optional becomes null.
Result<Value> from_cel(const cel::Value& value);

} // namespace allod::document
