// The agent of a stack as the command line uses it: started where needed, reached where it runs.
#pragma once

#include <string>

#include "agent/agent_options.h"
#include "agent/api_client.h"
#include "base/result.h"
#include "cli/context.h"

namespace allod::cli {

/// What `allod agent run` gives the agent: images from the store, formats, the seccomp profile.
Result<agent::AgentOptions> agent_options(const GlobalOptions& options, const std::string& stack);

/// Starts the agent in the background unless it answers.
Status ensure_agent(const GlobalOptions& options, const std::string& stack);
[[nodiscard]] bool agent_answers(const std::string& stack);

/// Connects to the agent of the stack that the options mean. Errors: not_found, unavailable,
/// permission.
Result<agent::ApiClient> connect_agent(const GlobalOptions& options);

} // namespace allod::cli
