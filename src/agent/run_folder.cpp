#include "agent/run_folder.h"

#include <cerrno>
#include <mutex>
#include <vector>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/files.h"
#include "base/text.h"

namespace allod::agent {
namespace {

constexpr std::uint64_t kRunSize = 64U << 20;
constexpr std::uint64_t kSharedSize = 16U << 20;
constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV;

Status mount_memory(const std::string& path, mode_t mode, std::uint64_t size, unsigned long flags) {
  if (is_mount_point(path)) return {};
  if (Status made = make_directories(path, 0700); !made) return made;
  char options[64];
  std::snprintf(options, sizeof options, "mode=%04o,size=%llu", static_cast<unsigned>(mode),
                static_cast<unsigned long long>(size));
  // noswap: Linux 6.4 and later.
  const std::string unswapped = std::string(options) + ",noswap";
  if (::mount("tmpfs", path.c_str(), "tmpfs", flags, unswapped.c_str()) != 0 &&
      ::mount("tmpfs", path.c_str(), "tmpfs", flags, options) != 0) {
    return errno_error("mount a memory file system at " + path);
  }
  // Mounts that come later inside are nobody else's business.
  if (::mount(nullptr, path.c_str(), nullptr, MS_PRIVATE, nullptr) != 0) {
    return errno_error("make the mount private at " + path);
  }
  return {};
}

/// Mount points at or below a path, the deepest last (proc(5), mountinfo).
Result<std::vector<std::string>> mounts_below(const std::string& path) {
  Result<std::string> text = read_file("/proc/self/mountinfo");
  if (!text) return std::move(text).error();
  std::vector<std::string> mounts;
  for (const std::string& line : split(*text, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    if (fields.size() < 5) continue;
    if (fields[4] == path || fields[4].starts_with(path + "/")) mounts.push_back(fields[4]);
  }
  return mounts;
}

} // namespace

bool is_mount_point(const std::string& path) {
  const Result<std::vector<std::string>> mounts = mounts_below(path);
  if (!mounts) return false;
  for (const std::string& mount : *mounts) {
    if (mount == path) return true;
  }
  return false;
}

Status mount_run_folder(const Places& places) {
  if (Status made = make_directories(places.run_root, 0755); !made) return made;
  // Executable: the container runtime is tried with a program in here.
  Status mounted = mount_memory(places.run(), 0700, kRunSize, kFlags);
  if (!mounted) return mounted;
  for (const char* folder : {"files", "identity", "shared", "digests"}) {
    if (Status made = make_directories(places.run() + "/" + folder, 0700); !made) return made;
  }
  return {};
}

Status mount_shared_folder(const Places& places, const std::string& component) {
  // Units of a component that start at the same time must not mount it one over the other.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  return mount_memory(places.shared_of(component), 01777, kSharedSize, kFlags | MS_NOEXEC);
}

Status unmount_shared_folder(const Places& places, const std::string& component) {
  const std::string path = places.shared_of(component);
  if (is_mount_point(path) && ::umount2(path.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) != 0) {
    return errno_error("unmount " + path);
  }
  return remove_tree(path);
}

Status unmount_run_folder(const Places& places) {
  Result<std::vector<std::string>> mounts = mounts_below(places.run());
  if (!mounts) return std::move(mounts).error();
  for (auto mount = mounts->rbegin(); mount != mounts->rend(); ++mount) {
    if (::umount2(mount->c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) != 0 && errno != EINVAL) {
      return errno_error("unmount " + *mount);
    }
  }
  return remove_tree(places.run());
}

} // namespace allod::agent
