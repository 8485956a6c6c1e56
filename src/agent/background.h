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
  std::string build; ///< base/build_id.h; an agent that is another build makes way
  std::chrono::milliseconds timeout{30000};
};

/// Returns once the agent answers; at once when it does already. One of another build is told to
/// end first; its units go on. Errors: timeout or io, with the last lines of its log.
Status start_agent_in_background(const BackgroundOptions& options);

/// Takes back that systemd starts the agent of this stack with the machine. Does nothing where
/// systemd does not rule.
Status forget_agent_in_background(const Places& places);

} // namespace allod::agent
