// What the store occupies, and removing what nothing refers to any more.
#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>

#include "artifacts/store.h"

namespace allod::artifacts {
namespace {

/// Removes the entries of a folder that `kept` does not want; adds up what they occupied.
template<class Kept>
Status sweep(const std::string& folder, const Kept& kept, std::uint64_t& freed) {
  const Result<std::vector<std::string>> names = list_directory(folder);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (kept(name)) continue;
    const std::string path = folder + "/" + name;
    const std::uint64_t size = disk_usage(path);
    if (Status removed = remove_tree(path); !removed) return removed;
    freed += size;
  }
  return {};
}

std::string without_suffix(const std::string& name, std::string_view suffix) {
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
}

} // namespace

StoreUsage Store::usage() const {
  StoreUsage usage;
  usage.parts = disk_usage(root_ + "/blobs");
  usage.trees = disk_usage(root_ + "/rootfs");
  usage.caches = disk_usage(root_ + "/cache") + disk_usage(root_ + "/tmp");
  usage.quarantined = disk_usage(root_ + "/quarantine");
  return usage;
}

Result<std::uint64_t> Store::collect_garbage(const KeepSet& keep) const {
  const std::string path = root_ + "/locks/store";
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return errno_error("open " + path);
  while (::flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return errno_error("lock " + path);
  }
  std::uint64_t freed = 0;
  const auto never = [](const std::string&) { return false; };
  const auto blob = [&](const std::string& name) { return keep.blobs.contains(name); };
  const auto tree = [&](const std::string& name) { return keep.trees.contains(name); };
  const auto image = [&](const std::string& name) {
    return keep.image_keys.contains(without_suffix(without_suffix(name, ".json"), ".spdx"));
  };
  // Records before what they refer to: a crash in between leaves garbage, never a dangling record.
  for (const Status& swept :
       {sweep(root_ + "/images", image, freed), sweep(root_ + "/verified", blob, freed),
        sweep(root_ + "/rootfs", tree, freed), sweep(root_ + "/blobs/sha256", blob, freed),
        sweep(root_ + "/quarantine", never, freed), sweep(root_ + "/tmp", never, freed)}) {
    if (!swept) return swept.error();
  }
  if (!keep.client_caches) {
    if (Status swept = sweep(root_ + "/cache", never, freed); !swept) {
      return std::move(swept).error();
    }
  }
  return freed;
}

} // namespace allod::artifacts
