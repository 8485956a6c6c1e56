// Which component a process belongs to: by what the kernel says about it, never by what it says
// itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/places.h"
#include "base/result.h"
#include "trust/local_server.h"

namespace allod::agent {

class Attestor {
 public:
  /// `first_user`: the stack's block of user ids.
  Attestor(Places places, std::uint32_t first_user)
      : places_(std::move(places)), first_user_(first_user) {}

  /// The component of a unit, step or session. Two things must agree: the user that the kernel
  /// noted when the connection was made (every unit has one of its own), and the container in whose
  /// control group the process is (only root can move it to another). A process that ended is
  /// nobody. Errors: permission, saying why.
  [[nodiscard]] Result<std::string> component_of(const trust::PeerCredentials& peer) const;

 private:
  Places places_;
  std::uint32_t first_user_;
};

/// The name below `parent` ("/allod/home") in a text of /proc/PID/cgroup (cgroups(7)), of either
/// version.
[[nodiscard]] std::optional<std::string> container_in_cgroup(std::string_view text,
                                                             std::string_view parent);

} // namespace allod::agent
