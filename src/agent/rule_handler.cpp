#include "agent/rule_handler.h"

namespace allod::agent {

Result<std::string> RuleHandler::realise(const Task& task) {
  if (Status built = machinery_.network.build(); !built) return std::move(built).error();
  // What the agent serves (its seal) must answer before that starts.
  if (task.resource.spec.string_or("destination", "") == kAgentComponent) {
    if (Status served = machinery_.ensure_endpoints(); !served) return std::move(served).error();
  }
  return done_word(task.action);
}

Status RuleHandler::remove(const Removal&) {
  // It goes when the network is built for what is left.
  return {};
}

} // namespace allod::agent
