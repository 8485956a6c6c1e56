// Control groups under each of the kernel's three arrangements: the hierarchies of version 1,
// version 2, and both side by side. The OCI runtime makes a unit's group; here it is read, emptied,
// removed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace allod::host {

enum class CgroupMode { none, v1, hybrid, v2 };
[[nodiscard]] const char* to_string(CgroupMode mode);

struct ResourceUsage {
  std::uint64_t memory = 0;       ///< bytes charged to the group without reclaimable file cache, or
                                  ///< the sum of PSS where there is no memory controller
  std::uint64_t memory_peak = 0;  ///< 0: unknown
  std::uint64_t memory_limit = 0; ///< 0: none
  std::chrono::microseconds cpu{0}; ///< user and system time
  std::uint64_t processes = 0;
  std::uint64_t out_of_memory_kills = 0;
};

/// A mounted hierarchy.
struct Hierarchy {
  std::string mount_point;
  std::vector<std::string> controllers; ///< of version 1: "memory", "name=systemd"; version 2: all
  bool unified = false;                 ///< version 2
};

class Cgroups {
 public:
  /// Reads /proc/self/mountinfo. A machine without cgroups is mode none, not an error.
  static Result<Cgroups> detect();
  /// The same from a text (proc(5)) and, for version 2, its controllers.
  static Cgroups parse(std::string_view mountinfo, const std::vector<std::string>& v2_controllers);

  [[nodiscard]] CgroupMode mode() const { return mode_; }
  [[nodiscard]] const std::vector<Hierarchy>& hierarchies() const { return hierarchies_; }
  [[nodiscard]] bool has_controller(std::string_view name) const;
  /// Whether a memory limit can include swap.
  [[nodiscard]] bool accounts_swap() const;

  // Below, `path` is relative to the root of each hierarchy: "/allod/home/postgresql".

  /// Whether the group is there in any hierarchy.
  [[nodiscard]] bool exists(const std::string& path) const;
  /// Every process in the group or below it, in any hierarchy, each once.
  [[nodiscard]] std::vector<pid_t> processes(const std::string& path) const;
  /// SIGKILL for every process until none is left. Errors: timeout.
  Status kill_all(const std::string& path, std::chrono::milliseconds timeout) const;
  /// Errors: not_found.
  [[nodiscard]] Result<ResourceUsage> usage(const std::string& path) const;
  /// How many of its processes the kernel killed at the memory limit; 0 when it is not there.
  [[nodiscard]] std::uint64_t out_of_memory_kills(const std::string& path) const;
  /// Removes the group and those below it in every hierarchy; missing is no error. Errors: conflict
  /// while it holds processes.
  Status remove(const std::string& path) const;
  /// remove(), then its parents as long as they are empty, up to but without the hierarchy's root.
  Status remove_with_empty_parents(const std::string& path) const;

 private:
  /// The group's folder in the hierarchy of a controller, or empty.
  [[nodiscard]] std::string folder_of(std::string_view controller, const std::string& path) const;
  void read_memory(const std::string& path, ResourceUsage& usage) const;
  void read_cpu(const std::string& path, ResourceUsage& usage) const;
  [[nodiscard]] static bool host_can_swap();

  CgroupMode mode_ = CgroupMode::none;
  std::vector<Hierarchy> hierarchies_;
};

} // namespace allod::host
