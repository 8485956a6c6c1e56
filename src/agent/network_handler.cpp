#include "agent/network_handler.h"

namespace allod::agent {

Result<std::string> NetworkHandler::realise(const Task& task) {
  const bool there = machinery_.network.present(task.resource.component);
  // The whole network at once: what is wanted was said before the first resource's turn.
  if (Status built = machinery_.network.build(); !built) return std::move(built).error();
  if (task.action != graph::Action::none) return done_word(task.action);
  return std::string(there ? "" : "put right");
}

Status NetworkHandler::remove(const Removal&) {
  // It goes when the network is built for what is left.
  return {};
}

} // namespace allod::agent
