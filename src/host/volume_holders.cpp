#include "host/volume_holders.h"

#include <functional>
#include <map>
#include <sstream>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/files.h"
#include "base/text.h"
#include "host/fscrypt.h"
#include "host/proc.h"

namespace allod::host {
namespace {

/// Asked of a path below /proc/PID that stands for an open file or folder.
using Uses = std::function<bool(const std::string& path)>;

std::string link_text(const std::string& path) {
  char buffer[4096];
  const ssize_t length = ::readlink(path.c_str(), buffer, sizeof buffer);
  return length < 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(length));
}

std::string device_text(dev_t device) {
  return std::to_string(major(device)) + ":" + std::to_string(minor(device));
}

dev_t device_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_dev : 0;
}

/// Whether a mountinfo text (proc(5)) has a mount of a device whose root lies at or below `root`.
bool has_mount(const std::string& mountinfo, const std::string& device, const std::string& root) {
  for (const std::string& line : split(mountinfo, '\n')) {
    std::istringstream fields(line);
    std::string skipped;
    std::string number;
    std::string found;
    fields >> skipped >> skipped >> number >> found;
    if (number != device) continue;
    if (root == "/" || found == root || found.starts_with(root + "/")) return true;
  }
  return false;
}

/// A path as its file system counts it: without what the mount that holds it lies below.
std::string path_in_file_system(const std::string& path) {
  std::string best;
  std::string root;
  for (const std::string& line : split(read_file("/proc/self/mountinfo").value_or(""), '\n')) {
    std::istringstream fields(line);
    std::string skipped;
    std::string within;
    std::string point;
    fields >> skipped >> skipped >> skipped >> within >> point;
    const std::string prefix = point == "/" ? "/" : point + "/";
    if (!path.starts_with(prefix) || point.size() < best.size()) continue;
    best = point;
    root = within;
  }
  const std::string rest = path.substr(best == "/" ? 0 : best.size());
  return (root == "/" ? "" : root) + rest;
}

std::string how_used(pid_t process, const Uses& uses) {
  const std::string folder = "/proc/" + std::to_string(process);
  if (uses(folder + "/cwd")) return "working folder";
  if (uses(folder + "/root")) return "root folder";
  if (uses(folder + "/exe")) return "program";
  for (const std::string& fd :
       list_directory(folder + "/fd").value_or(std::vector<std::string>())) {
    if (uses(folder + "/fd/" + fd)) return "open file";
  }
  return {};
}

std::vector<VolumeHolder> find_holders(const Uses& uses, const std::string& device,
                                       const std::string& root, bool mapped) {
  std::vector<VolumeHolder> holders;
  const std::string ours = link_text("/proc/self/ns/mnt");
  std::map<std::string, bool> mounted; // by mount namespace
  for (const pid_t process : all_processes()) {
    const std::string folder = "/proc/" + std::to_string(process);
    std::string how = how_used(process, uses);
    const std::string space = link_text(folder + "/ns/mnt");
    if (how.empty() && !space.empty() && space != ours) {
      const auto [entry, fresh] = mounted.try_emplace(space, false);
      if (fresh) {
        entry->second = has_mount(read_file(folder + "/mountinfo").value_or(""), device, root);
      }
      if (entry->second) how = "mount namespace";
    }
    if (how.empty() && mapped) {
      // proc(5) writes the device as two hexadecimal numbers.
      std::ostringstream mark;
      mark << std::hex;
      const std::size_t colon = device.find(':');
      for (const std::string& part : {device.substr(0, colon), device.substr(colon + 1)}) {
        mark << (mark.tellp() > 0 ? ":" : " ");
        mark.width(2);
        mark.fill('0');
        mark << std::stoul(part);
      }
      const std::string maps = read_file(folder + "/maps").value_or("");
      if (maps.find(mark.str() + " ") != std::string::npos) how = "mapped file";
    }
    if (how.empty()) continue;
    const std::optional<ProcessFacts> facts = process_facts(process);
    holders.push_back({process, facts ? facts->name : "?", how});
  }
  return holders;
}

} // namespace

std::vector<VolumeHolder> holders_of_mount(const std::string& mount_point) {
  const dev_t device = device_of(mount_point);
  if (device == 0) return {};
  const Uses uses = [device](const std::string& path) { return device_of(path) == device; };
  return find_holders(uses, device_text(device), "/", true);
}

std::vector<VolumeHolder> holders_of_folder(const std::string& folder,
                                            const std::string& key_identifier) {
  const dev_t device = device_of(folder);
  if (device == 0) return {};
  const Uses uses = [&](const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0 || info.st_dev != device) return false;
    // Opening anything else could have effects.
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return false;
    return fscrypt::policy_of(path).value_or("") == key_identifier;
  };
  return find_holders(uses, device_text(device), path_in_file_system(folder), false);
}

} // namespace allod::host
