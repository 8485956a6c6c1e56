// Keeps the logs of units within their limits: a log that has become a quarter of its limit makes
// way for a new one, and of the old ones three are kept.
#pragma once

#include <cstdint>
#include <string>

#include "agent/unit_definition.h"
#include "base/result.h"
#include "host/paths.h"

namespace allod::agent {

/// How many bytes of a unit's log are kept; what its recipe says, or 64 MiB.
[[nodiscard]] std::uint64_t log_keep(const UnitDefinition& unit);

/// Renames PATH to PATH.1, PATH.1 to PATH.2… and has conmon go on in a new file when `path` is
/// longer than its share. True when it was. Errors: io; conmon then writes on to the renamed file,
/// and nothing is lost.
Result<bool> rotate_log(const host::HostPaths& paths, const UnitDefinition& unit,
                        const std::string& path);

} // namespace allod::agent
