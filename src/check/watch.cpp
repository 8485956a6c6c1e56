#include "check/watch.h"

#include <array>
#include <cerrno>
#include <string_view>

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/files.h"

namespace allod::check {
namespace {

constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR;
constexpr int kQuiet = 50; // milliseconds
constexpr int kDeepest = 64;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash);
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

} // namespace

Result<Watch> Watch::open(const std::vector<std::string>& paths) {
  UniqueFd queue(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!queue) return errno_error("inotify_init1");
  Watch watch(std::move(queue));
  for (const std::string& path : paths) {
    if (is_directory(path)) {
      if (Status added = watch.add_tree(path, 0); !added) return std::move(added).error();
    } else if (path != "-") {
      watch.single_files_[folder_of(path) + "/" + name_of(path)] = true;
      if (Status added = watch.add(folder_of(path)); !added) return std::move(added).error();
    }
  }
  return watch;
}

Status Watch::add(const std::string& folder) {
  const int id = ::inotify_add_watch(queue_.get(), folder.c_str(), kEvents);
  if (id < 0) return errno_error("watch " + folder);
  folders_[id] = folder;
  return {};
}

Status Watch::add_tree(const std::string& folder, int depth) {
  if (Status added = add(folder); !added) return added;
  whole_[folder] = true;
  if (depth == kDeepest) return {};
  for (const std::string& name : list_directory(folder).value_or(std::vector<std::string>())) {
    const std::string path = folder + "/" + name;
    if (name.starts_with('.') || !is_directory(path)) continue;
    if (Status added = add_tree(path, depth + 1); !added) return added;
  }
  return {};
}

Result<bool> Watch::drain() {
  alignas(inotify_event) std::array<char, 64 * 1024> buffer{};
  bool ours = false;
  for (;;) {
    const ssize_t count = ::read(queue_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EAGAIN) return ours;
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return errno_error("read the queue of changes");
    for (const char* at = buffer.data(); at < buffer.data() + count;) {
      const auto* const event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      if ((event->mask & IN_Q_OVERFLOW) != 0) ours = true;
      const auto folder = folders_.find(event->wd);
      if (folder == folders_.end() || event->len == 0) continue;
      const std::string path = folder->second + "/" + std::string(std::string_view(event->name));
      const bool whole = whole_.contains(folder->second);
      if (!whole && !single_files_.contains(path)) continue;
      if (std::string_view(event->name).starts_with('.')) continue;
      const bool fresh_folder =
          whole && (event->mask & IN_ISDIR) != 0 && (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0;
      // A folder that is gone again already is no failure.
      if (fresh_folder) (void)add_tree(path, 0);
      ours = true;
    }
  }
}

Result<bool> Watch::wait(int interrupt) {
  bool changed = false;
  for (;;) {
    std::array<pollfd, 2> waiting = {{{queue_.get(), POLLIN, 0}, {interrupt, POLLIN, 0}}};
    const int ready = ::poll(waiting.data(), waiting.size(), changed ? kQuiet : -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return errno_error("wait for changes");
    if (waiting[1].revents != 0) return false;
    if (ready == 0) return true;
    const Result<bool> ours = drain();
    if (!ours) return ours.error();
    changed = changed || *ours;
  }
}

} // namespace allod::check
