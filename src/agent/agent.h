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

/// A state file that is missing or empty is the beginning of a stack, unless there is one already.
/// Errors: integrity, with the way out.
Status state_is_there(const Places& places);

/// Puts the copy of the last change (state.db.backup) in the place of a state file that is damaged
/// or lost. What stood there is kept beside it; its path is returned, or "". Errors: conflict while
/// an agent runs, not_found without a copy, integrity when the copy is damaged as well.
Result<std::string> recover_state(const Places& places);

} // namespace allod::agent
