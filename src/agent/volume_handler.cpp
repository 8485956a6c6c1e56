#include "agent/volume_handler.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/unique_fd.h"

namespace allod::agent {
namespace {

/// Folders that must be there before anything uses the volume. What its user made is left alone.
Status make_folders(const std::string& volume, const std::vector<std::string>& names, uid_t user) {
  const UniqueFd root(::open(volume.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error("open " + volume);
  for (const std::string& name : names) {
    if (::mkdirat(root.get(), name.c_str(), 0700) != 0) {
      if (errno == EEXIST) continue;
      return errno_error("mkdir " + volume + "/" + name);
    }
    if (::fchownat(root.get(), name.c_str(), user, user, AT_SYMLINK_NOFOLLOW) != 0)
      return errno_error("chown " + volume + "/" + name);
  }
  return {};
}

} // namespace

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
  if (Status made = make_folders(*path, spec.strings_at("folders"), user); !made)
    return std::move(made).error();
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
