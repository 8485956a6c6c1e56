// A provider's monitoring.yaml: short for offers under the contract `openmetrics`.
#pragma once

#include "catalogue/problems.h"
#include "document/value.h"

namespace allod::catalogue {

/// Adds one offer for each target to a units document. Both are valid by their schemas, with
/// defaults. What to alert about and to show comes with the first target.
void add_monitoring(const document::Value& monitoring, document::Value& units);

} // namespace allod::catalogue
