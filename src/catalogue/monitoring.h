// A provider's monitoring.yaml: short for offers under the contract `openmetrics`.
#pragma once

#include <string>

#include "catalogue/problems.h"
#include "document/value.h"

namespace allod::catalogue {

/// Adds one offer for each target to a units document. Both are valid by their schemas, with
/// defaults. What to alert about and to show comes with the first target.
void add_monitoring(const std::string& provider, const document::Value& monitoring,
                    document::Value& units);

/// Where a provider's runbook says what to do about an alert: "openbao/runbook.md#openbaosealed",
/// below the catalogue's providers/.
[[nodiscard]] std::string runbook_of(const std::string& provider, const std::string& alert);

} // namespace allod::catalogue
