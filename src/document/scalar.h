// Plain scalars of YAML: what the core schema of YAML 1.2.2 (section 10.3.2) makes of them, and
// which texts some reader of YAML 1.1 or 1.2 would take for something other than a string.
#pragma once

#include <string_view>

#include "base/result.h"
#include "document/value.h"

namespace allod::document {

/// null, true, false, integers (decimal, 0x, 0o), floats, .inf, .nan; everything else is a string.
/// Errors: invalid_input for a number that 64 bits cannot hold.
Result<Value> resolve_core_scalar(std::string_view text);

/// Whether a plain scalar may be read as null, a boolean, a number, a date or a merge key by the
/// core schema of 1.2 or by the types of YAML 1.1 ("no", "1_000", "0b1", "12:30:45", "2001-01-01",
/// "<<").
[[nodiscard]] bool resolves_to_non_string(std::string_view text);

/// A decimal floating-point number in the syntax of JSON or YAML, read exactly; infinite when too
/// large. `text` must match that syntax.
[[nodiscard]] double parse_decimal(std::string_view text);

} // namespace allod::document
