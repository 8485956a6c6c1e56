// The agent of one stack: a process in the foreground that keeps the machine as the stack says, and
// answers on its socket. Its end leaves the units running; the next one takes them up.
#pragma once

#include "agent/agent_options.h"
#include "base/result.h"

namespace allod::agent {

/// Runs until SIGTERM, SIGINT, the method `shutdown`, `destroy`, or `down` with `exit`. To be
/// called from a process that has no other thread. Writes events and the like as JSON lines to
/// standard error. Errors: conflict when an agent of the stack runs already, those of the state
/// file and of the socket.
Status run_agent(const AgentOptions& options);

} // namespace allod::agent
