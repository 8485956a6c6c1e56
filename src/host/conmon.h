// conmon, the small program between a unit and the agent: it holds the unit's output and exit code,
// and lives on when the agent does not.
#pragma once

#include <chrono>
#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "host/container_spec.h"
#include "host/paths.h"
#include "host/runtime.h"

namespace allod::host {

struct ConmonStarted {
  pid_t container = 0; ///< the unit's first process, created but not yet running its program
  pid_t conmon = 0;
};

/// Starts conmon, which has the runtime create the container of a written bundle.
/// Errors: io with the runtime's words; timeout.
Result<ConmonStarted> start_conmon(const Runtime& runtime, const HostPaths& paths,
                                   const ContainerSpec& spec, std::chrono::milliseconds timeout);

/// conmon's process of a unit, found by its pid file and command line; 0 when it does not run.
[[nodiscard]] pid_t find_conmon(const HostPaths& paths, const std::string& id);

/// Has conmon write on to a new file in the place of a unit's log, after the old one was renamed.
/// Errors: io; not_found when no conmon of the unit runs.
Status reopen_log(const HostPaths& paths, const std::string& id);

} // namespace allod::host
