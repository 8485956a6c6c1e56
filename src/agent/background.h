// Starts an agent that outlives the command: by systemd where it rules the machine, else as a
// process of its own.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/places.h"
#include "base/result.h"

namespace allod::agent {

struct BackgroundOptions {
  Places places;
  std::string binary; ///< path of this program
  /// What it is to be called with, for instance {"agent", "run", "--stack", "home"}.
  std::vector<std::string> arguments;
  std::string version; ///< an agent of another version makes way
  std::chrono::milliseconds timeout{30000};
};

/// Returns once the agent answers; at once when it does already. One of another version is told to
/// end first; its units go on. Errors: timeout or io, with the last lines of its log.
Status start_agent_in_background(const BackgroundOptions& options);

} // namespace allod::agent
