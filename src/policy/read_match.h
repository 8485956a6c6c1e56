// Reads matchConstraints, matchResources and label selectors.
#pragma once

#include "policy/fields.h"
#include "policy/match.h"
#include "policy/selector.h"

namespace allod::policy {

/// `mutating`: operations that cannot be mutated (DELETE) are refused.
MatchResources read_match_resources(const document::Value& value, const std::string& path,
                                    bool mutating, FieldErrors& errors);
Selector read_selector(const document::Value& value, const std::string& path, FieldErrors& errors);

} // namespace allod::policy
