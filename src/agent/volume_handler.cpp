#include "agent/volume_handler.h"

#include "base/text.h"

namespace allod::agent {

Result<std::string> VolumeHandler::realise(const Task& task) {
  const document::Value& spec = task.resource.spec;
  const std::string name = name_of(task.resource.id);
  const auto size = static_cast<std::uint64_t>(spec.integer_or("sizeBytes", 0));
  const std::string owner = spec.string_or("owner", "");
  const auto slot = task.graph.allocations.users.find(owner);
  if (slot == task.graph.allocations.users.end()) {
    return Error(ErrorCode::invalid_input,
                 task.resource.id + ": no user id is allocated for its owner " + owner);
  }
  const uid_t user = machinery_.first_user + static_cast<uid_t>(slot->second);
  const bool unlocked = machinery_.volumes->unlocked(name);
  const Result<std::string> path = machinery_.volumes->ensure(name, size, user);
  if (!path) return path.error();
  if (task.action == graph::Action::update) {
    const Result<bool> grown = machinery_.volumes->grow(name, size);
    if (!grown) return grown.error();
    if (*grown) return "grown to " + format_size(size);
    machinery_.given.events.tell(task.resource.id, "is to be smaller", "left as it is",
                                 "volumes are never shrunk");
    return std::string("left as it is: never shrunk");
  }
  if (task.action != graph::Action::none) return done_word(task.action);
  return std::string(unlocked ? "" : "unlocked");
}

Status VolumeHandler::remove(const Removal& removal) {
  // The data is kept until `destroy`.
  return machinery_.volumes->lock(name_of(removal.resource.id));
}

} // namespace allod::agent
