// The stack's roots in texts: the graph only marks their place (graph/compile.h, roots_marker), so
// that it is the same graph before and after a root was replaced.
#pragma once

#include <functional>
#include <string>

#include "document/value.h"

namespace allod::agent {

/// The roots in PEM, as they are now.
using RootsSource = std::function<std::string()>;

/// The same with the roots in place of markers. The source is asked only when there is one.
[[nodiscard]] document::Value with_roots(const document::Value& value, const RootsSource& roots);

} // namespace allod::agent
