// The figures of the agent and its units in the Prometheus text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
#pragma once

#include <string>

#include "agent/machinery.h"

namespace allod::agent {

/// Everything at this moment; docs/agent.md lists the names. What cannot be read is left out.
[[nodiscard]] std::string metrics_text(Machinery& machinery);

} // namespace allod::agent
