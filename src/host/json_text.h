// JSON of a value tree, compact, for files that an OCI runtime reads.
#pragma once

#include <string>

#include "document/value.h"

namespace allod::host {

[[nodiscard]] std::string json_text(const document::Value& value);

} // namespace allod::host
