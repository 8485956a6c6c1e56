// Which value of an object an expression's answer is about: the one that it read last.
#pragma once

#include <vector>

#include "cel/value.h"
#include "policy/policy.h"
#include "policy/request.h"

namespace allod::policy {

/// Evaluates the expression once more over a view of the object (of the old one, when there is no
/// object) that notes what is read; empty when nothing was. The last step may be a field that is
/// missing.
[[nodiscard]] std::vector<document::PathStep>
path_read_last(const Policy& policy, const Expression& expression, const Subject& subject,
               const Resource* matched, const cel::Value& params);

} // namespace allod::policy
