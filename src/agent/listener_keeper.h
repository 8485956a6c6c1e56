// Listening sockets of the machine that gateways get by socket activation. The agent holds on to
// them, so that a restart of the unit refuses no connection.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod::agent {

using ListenAddress = std::pair<std::string, std::uint16_t>;

/// Calls are safe from several threads.
class ListenerKeeper {
 public:
  /// A listening socket, which stays the keeper's: the one it has, or a new one. Errors: conflict,
  /// naming the process that is in the way.
  Result<int> get(const ListenAddress& address);
  /// Fetches the socket out of a running unit, for an agent that has just started.
  Status recover(const ListenAddress& address, pid_t process);
  /// Closes all others.
  void keep_only(const std::set<ListenAddress>& wanted);

 private:
  std::mutex mutex_;
  std::map<ListenAddress, UniqueFd> sockets_;
};

} // namespace allod::agent
