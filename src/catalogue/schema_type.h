// The CEL type of what a JSON Schema describes, so that expressions over parameters and bindings
// are checked when the catalogue is loaded.
#pragma once

#include <string>

#include "cel/environment.h"
#include "document/value.h"

namespace allod::catalogue {

/// Declares an object type for each object with known properties, under `name` and names below it.
/// What a schema leaves open is dyn.
[[nodiscard]] cel::Type type_of_schema(const document::Value& schema, const std::string& name,
                                       cel::Environment& environment);

} // namespace allod::catalogue
