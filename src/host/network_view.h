// What the kernel has in one network namespace, as far as the stack's network is concerned.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "host/rtnetlink.h"

namespace allod::host {

struct NetworkView {
  std::string owner; ///< alias of the loopback device
  bool forwarding = false;
  std::vector<Link> links;
  std::vector<LinkAddress> addresses;
  std::vector<Route> routes;

  [[nodiscard]] bool has_address(int link, const std::string& address) const;
  [[nodiscard]] bool has_route(const Route& route) const;
};

/// Of the namespace that the calling thread is in.
Result<NetworkView> view_network();

/// Writes a value to a file below /proc/sys/net of the calling thread's namespace. A missing file
/// is no error: what a kernel lacks need not be turned off.
Status write_network_sysctl(const std::string& name, const std::string& value);

} // namespace allod::host
