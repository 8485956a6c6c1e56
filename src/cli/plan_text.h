// A plan for people: each change with its reasons.
#pragma once

#include <string>

#include "cli/pipeline.h"
#include "cli/terminal.h"

namespace allod::cli {

/// `all` names every created resource and every reason; otherwise creations are counted by kind and
/// a change shows its first reasons.
[[nodiscard]] std::string describe_plan(const Planned& planned, const Terminal& terminal, bool all);

/// "9 components, 74 resources to create", "2 to change (1 restart)", "nothing to do".
[[nodiscard]] std::string summarise_plan(const Planned& planned);

} // namespace allod::cli
