// What the host target needs of a machine, found out before anything is touched: for `allod doctor`
// and at the start of `allod up`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/paths.h"

namespace allod::host {

enum class CheckState { ok, warning, failed };
[[nodiscard]] const char* to_string(CheckState state);

struct Check {
  std::string name; ///< stable, for instance "fscrypt"
  CheckState state = CheckState::ok;
  std::string detail; ///< what was found
  std::string remedy; ///< what to do; empty when ok
};

struct Port {
  std::string address;
  std::uint16_t port = 0;
};

struct PreflightOptions {
  std::string store = "/var/lib/allod/store"; ///< where software is kept
  std::uint64_t store_bytes = 4ULL << 30;     ///< free space wanted there
  std::uint64_t state_bytes = 2ULL << 30;     ///< free space wanted in the state folder
  std::vector<Port> ports;                    ///< that the stack will listen on
  bool trial_container = true;                ///< really run a container (about 50 ms a runtime)
};

/// Every check in a fixed order. Leaves the machine as it was.
[[nodiscard]] std::vector<Check> preflight(const HostPaths& paths,
                                           const PreflightOptions& options = {});

} // namespace allod::host
