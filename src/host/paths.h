// The folders of one stack on this machine. Everything that the host target makes lies below them.
#pragma once

#include <string>

namespace allod::host {

struct HostPaths {
  std::string stack; ///< the stack's name; also part of namespace and cgroup names
  std::string state; ///< survives a reboot: volumes, logs. Usually /var/lib/allod/STACK
  std::string run;   ///< emptied by a reboot: bundles, sockets, mounts. Usually /run/allod/STACK

  /// The usual places for a stack.
  [[nodiscard]] static HostPaths usual(const std::string& stack) {
    return {stack, "/var/lib/allod/" + stack, "/run/allod/" + stack};
  }

  [[nodiscard]] std::string bundles() const { return run + "/units"; }
  [[nodiscard]] std::string bundle(const std::string& id) const { return bundles() + "/" + id; }
  [[nodiscard]] std::string exits() const { return run + "/exits"; }
  [[nodiscard]] std::string runtime_root() const { return run + "/runtime"; }
  [[nodiscard]] std::string volumes() const { return state + "/volumes"; }
  [[nodiscard]] std::string volume_mounts() const { return run + "/volumes"; }
  /// The parent of the stack's cgroups, relative to the root of each hierarchy.
  [[nodiscard]] std::string cgroup() const { return "/allod/" + stack; }
};

} // namespace allod::host
