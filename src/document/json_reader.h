// Reads JSON (RFC 8259, strictly) into values that know their places.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "document/read_limits.h"
#include "document/value.h"

namespace allod::document {

/// The value of a JSON text. Numbers without fraction and exponent are integers where 64 bits hold
/// them, all others are doubles. `name` is the file name in places. Errors: invalid_input with a
/// place, also for what RFC 8259 leaves open: a key that occurs twice, half a surrogate pair, a
/// number beyond a double, nesting beyond the limit.
Result<Value> read_json(const std::string& name, std::string_view text,
                        const ReadLimits& limits = {});

} // namespace allod::document
