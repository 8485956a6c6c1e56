// What evaluating a plan can cost at least and at most, before there are values.
#pragma once

#include "cel/eval/plan.h"
#include "cel/program.h"

namespace allod::cel {

[[nodiscard]] CostEstimate estimate_cost(const Plan& plan, const SizeHints& hints);

} // namespace allod::cel
