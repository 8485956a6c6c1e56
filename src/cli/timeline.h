// What waited for what while a stack came up, as a picture.
#pragma once

#include <string>

#include "document/value.h"
#include "graph/resource.h"

namespace allod::cli {

/// A bar for each unit, and for each other resource that took a hundredth of the time or lies on
/// the longest path, with a line from what it waited for last. `outcome` is the result of `apply`
/// (docs/output.md). SVG 1.1 with colours for light and dark backgrounds (CSS
/// prefers-color-scheme).
[[nodiscard]] std::string timeline_svg(const graph::Graph& graph, const document::Value& outcome);

} // namespace allod::cli
