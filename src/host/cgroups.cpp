#include "host/cgroups.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <set>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "host/proc.h"

namespace allod::host {
namespace {

using Clock = std::chrono::steady_clock;

/// The number in a one-line file; "max" and missing files are 0.
std::uint64_t read_number(const std::string& path) {
  const Result<std::string> text = read_file(path);
  return text ? std::strtoull(text->c_str(), nullptr, 10) : 0;
}

/// The number behind a key in a file of "key number" lines.
std::uint64_t read_keyed(const std::string& path, const std::string& key) {
  const Result<std::string> text = read_file(path);
  if (!text) return 0;
  std::istringstream lines(*text);
  std::string name;
  std::uint64_t number = 0;
  while (lines >> name >> number) {
    if (name == key) return number;
  }
  return 0;
}

/// Best effort: files that a kernel lacks are skipped.
void write_control(const std::string& path, std::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return;
  const ssize_t ignored = ::write(file.get(), text.data(), text.size());
  static_cast<void>(ignored);
}

void collect_processes(const std::string& folder, std::set<pid_t>& processes) {
  const Result<std::string> text = read_file(folder + "/cgroup.procs");
  if (text) {
    std::istringstream lines(*text);
    // 0 stands for a process of a foreign pid namespace.
    for (pid_t process = 0; lines >> process;) {
      if (process > 0) processes.insert(process);
    }
  }
  const Result<std::vector<std::string>> names = list_directory(folder);
  if (!names) return;
  for (const std::string& name : *names) {
    if (is_directory(folder + "/" + name)) collect_processes(folder + "/" + name, processes);
  }
}

/// rmdir of the groups below a folder and of itself; `busy` names one that holds processes.
void remove_groups(const std::string& folder, std::string& busy) {
  const Result<std::vector<std::string>> names = list_directory(folder);
  if (!names) return;
  for (const std::string& name : *names) {
    if (is_directory(folder + "/" + name)) remove_groups(folder + "/" + name, busy);
  }
  if (::rmdir(folder.c_str()) != 0 && errno != ENOENT) busy = folder;
}

/// Kills a process if it still belongs to the group: its number may have been used anew meanwhile.
void kill_member(pid_t process, const std::string& path) {
  const Result<UniqueFd> handle = open_pidfd(process);
  if (!handle) return;
  const Result<std::string> groups = read_file("/proc/" + std::to_string(process) + "/cgroup");
  if (!groups || groups->find(":" + path) == std::string::npos) return;
  ::syscall(SYS_pidfd_send_signal, handle->get(), SIGKILL, nullptr, 0);
}

/// A mountinfo line (proc(5)) of a cgroup file system.
std::optional<Hierarchy> parse_line(const std::string& line,
                                    const std::vector<std::string>& v2_controllers) {
  const std::size_t dash = line.find(" - ");
  if (dash == std::string::npos) return {};
  std::istringstream before(line.substr(0, dash));
  std::istringstream after(line.substr(dash + 3));
  std::string skipped;
  std::string root;
  Hierarchy hierarchy;
  before >> skipped >> skipped >> skipped >> root >> hierarchy.mount_point;
  std::string type;
  std::string options;
  after >> type >> skipped >> options;
  if ((type != "cgroup" && type != "cgroup2") || hierarchy.mount_point.empty()) return {};
  if (type == "cgroup2") {
    hierarchy.unified = true;
    hierarchy.controllers = v2_controllers;
    return hierarchy;
  }
  for (const std::string& option : split(options, ',')) {
    if (option != "rw" && option != "ro" && option != "xattr" && option != "clone_children" &&
        !option.starts_with("release_agent")) {
      hierarchy.controllers.push_back(option);
    }
  }
  return hierarchy;
}

} // namespace

const char* to_string(CgroupMode mode) {
  switch (mode) {
  case CgroupMode::none:
    return "none";
  case CgroupMode::v1:
    return "v1";
  case CgroupMode::hybrid:
    return "hybrid";
  case CgroupMode::v2:
    return "v2";
  }
  return "none";
}

Cgroups Cgroups::parse(std::string_view mountinfo, const std::vector<std::string>& v2_controllers) {
  Cgroups cgroups;
  bool v1 = false;
  bool v2 = false;
  for (const std::string& line : split(mountinfo, '\n')) {
    std::optional<Hierarchy> hierarchy = parse_line(line, v2_controllers);
    if (!hierarchy) continue;
    // The same hierarchy may be mounted more than once.
    const bool known = std::any_of(
        cgroups.hierarchies_.begin(), cgroups.hierarchies_.end(), [&](const Hierarchy& other) {
          return other.unified == hierarchy->unified && other.controllers == hierarchy->controllers;
        });
    if (known) continue;
    (hierarchy->unified ? v2 : v1) = true;
    cgroups.hierarchies_.push_back(std::move(*hierarchy));
  }
  cgroups.mode_ = v1 && v2 ? CgroupMode::hybrid
                  : v1     ? CgroupMode::v1
                  : v2     ? CgroupMode::v2
                           : CgroupMode::none;
  return cgroups;
}

Result<Cgroups> Cgroups::detect() {
  const Result<std::string> mounts = read_file("/proc/self/mountinfo");
  if (!mounts) return Error(mounts.error()).during("looking for cgroups");
  Cgroups cgroups = parse(*mounts, {});
  for (Hierarchy& hierarchy : cgroups.hierarchies_) {
    if (!hierarchy.unified) continue;
    const Result<std::string> names = read_file(hierarchy.mount_point + "/cgroup.controllers");
    if (!names) continue;
    std::istringstream words(*names);
    for (std::string word; words >> word;)
      hierarchy.controllers.push_back(word);
  }
  return cgroups;
}

bool Cgroups::has_controller(std::string_view name) const {
  return !folder_of(name, "").empty();
}

bool Cgroups::accounts_swap() const {
  for (const Hierarchy& hierarchy : hierarchies_) {
    const auto& controllers = hierarchy.controllers;
    if (std::find(controllers.begin(), controllers.end(), "memory") == controllers.end()) continue;
    // Version 2 has the file in every group but the root, wherever the kernel can swap at all.
    return hierarchy.unified
               ? host_can_swap()
               : allod::exists(hierarchy.mount_point + "/memory.memsw.limit_in_bytes");
  }
  return false;
}

bool Cgroups::host_can_swap() {
  return allod::exists("/proc/swaps");
}

std::string Cgroups::folder_of(std::string_view controller, const std::string& path) const {
  for (const Hierarchy& hierarchy : hierarchies_) {
    const auto& names = hierarchy.controllers;
    if (std::find(names.begin(), names.end(), controller) != names.end()) {
      return hierarchy.mount_point + path;
    }
  }
  return {};
}

bool Cgroups::exists(const std::string& path) const {
  return std::any_of(hierarchies_.begin(), hierarchies_.end(), [&](const Hierarchy& hierarchy) {
    return is_directory(hierarchy.mount_point + path);
  });
}

std::vector<pid_t> Cgroups::processes(const std::string& path) const {
  std::set<pid_t> processes;
  for (const Hierarchy& hierarchy : hierarchies_) {
    collect_processes(hierarchy.mount_point + path, processes);
  }
  return {processes.begin(), processes.end()};
}

Status Cgroups::kill_all(const std::string& path, std::chrono::milliseconds timeout) const {
  const auto deadline = Clock::now() + timeout;
  for (auto pause = std::chrono::milliseconds(1);;
       pause = std::min(pause * 2, std::chrono::milliseconds(20))) {
    std::vector<pid_t> members = processes(path);
    std::erase_if(members, [](pid_t member) {
      const std::optional<ProcessFacts> facts = process_facts(member);
      return !facts || !facts->alive();
    });
    if (members.empty()) return {};
    for (const Hierarchy& hierarchy : hierarchies_) {
      const std::string folder = hierarchy.mount_point + path;
      if (hierarchy.unified) write_control(folder + "/cgroup.kill", "1");
      // A frozen process does not die before it is thawed.
      if (folder == folder_of("freezer", path)) write_control(folder + "/freezer.state", "THAWED");
    }
    for (const pid_t member : members)
      kill_member(member, path);
    if (Clock::now() > deadline) {
      return Error(ErrorCode::timeout, "process " + std::to_string(members.front()) +
                                           " in cgroup " + path + " does not end on SIGKILL")
          .with_hint("it is stuck in the kernel, see /proc/" + std::to_string(members.front()) +
                     "/stack");
    }
    std::this_thread::sleep_for(pause);
  }
}

void Cgroups::read_memory(const std::string& path, ResourceUsage& usage) const {
  const std::string folder = folder_of("memory", path);
  if (folder.empty() || !is_directory(folder)) {
    for (const pid_t process : processes(path))
      usage.memory += proportional_memory(process);
    return;
  }
  const bool v1 = allod::exists(folder + "/memory.usage_in_bytes");
  const std::uint64_t charged =
      read_number(folder + (v1 ? "/memory.usage_in_bytes" : "/memory.current"));
  const std::uint64_t cache =
      read_keyed(folder + "/memory.stat", v1 ? "total_inactive_file" : "inactive_file");
  usage.memory = charged > cache ? charged - cache : 0;
  usage.memory_peak = read_number(folder + (v1 ? "/memory.max_usage_in_bytes" : "/memory.peak"));
  usage.memory_limit = read_number(folder + (v1 ? "/memory.limit_in_bytes" : "/memory.max"));
  // Version 1 writes "no limit" as the largest multiple of the page size.
  if (usage.memory_limit > (1ULL << 60)) usage.memory_limit = 0;
  usage.out_of_memory_kills = out_of_memory_kills(path);
}

std::uint64_t Cgroups::out_of_memory_kills(const std::string& path) const {
  const std::string folder = folder_of("memory", path);
  if (folder.empty()) return 0;
  const std::string v1 = folder + "/memory.oom_control";
  return read_keyed(allod::exists(v1) ? v1 : folder + "/memory.events", "oom_kill");
}

void Cgroups::read_cpu(const std::string& path, ResourceUsage& usage) const {
  const std::string v1 = folder_of("cpuacct", path);
  if (!v1.empty() && is_directory(v1)) {
    usage.cpu = std::chrono::microseconds(read_number(v1 + "/cpuacct.usage") / 1000);
    return;
  }
  for (const Hierarchy& hierarchy : hierarchies_) {
    if (!hierarchy.unified) continue;
    usage.cpu = std::chrono::microseconds(
        read_keyed(hierarchy.mount_point + path + "/cpu.stat", "usage_usec"));
  }
}

Result<ResourceUsage> Cgroups::usage(const std::string& path) const {
  if (!exists(path)) return Error(ErrorCode::not_found, "there is no cgroup " + path);
  ResourceUsage usage;
  read_memory(path, usage);
  read_cpu(path, usage);
  usage.processes = processes(path).size();
  return usage;
}

Status Cgroups::remove(const std::string& path) const {
  // A group can stay busy for a moment after its last process has ended.
  const auto deadline = Clock::now() + std::chrono::seconds(1);
  while (true) {
    std::string busy;
    for (const Hierarchy& hierarchy : hierarchies_) {
      remove_groups(hierarchy.mount_point + path, busy);
    }
    if (busy.empty()) return {};
    if (Clock::now() > deadline) {
      return Error(ErrorCode::conflict, "cgroup " + busy + " still holds processes");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Status Cgroups::remove_with_empty_parents(const std::string& path) const {
  if (Status removed = remove(path); !removed) return removed;
  std::string parent = path;
  while (true) {
    const std::size_t slash = parent.rfind('/');
    if (slash == std::string::npos || slash == 0) return {};
    parent.resize(slash);
    for (const Hierarchy& hierarchy : hierarchies_) {
      // rmdir refuses for a group that has others or processes in it, as it should.
      ::rmdir((hierarchy.mount_point + parent).c_str());
    }
  }
}

} // namespace allod::host
