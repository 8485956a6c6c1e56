// Reading one entry of an image's `parts`.
#pragma once

#include "artifacts/image_definition.h"

namespace allod::artifacts {

/// Errors: invalid_input with a place.
Result<PartDefinition> read_part_definition(const document::Value& value);

} // namespace allod::artifacts
