// The stack's network as the graph wants it: host::Network behind a lock, told in names of
// components instead of addresses.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "graph/resource.h"
#include "host/network.h"

namespace allod::agent {

/// A host and port outside the platform.
struct Destination {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const Destination&) const = default;
};

/// Calls are safe from several threads.
class NetworkKeeper {
 public:
  explicit NetworkKeeper(std::string stack);

  /// Takes the components and edges of all these graphs together as what is wanted from now on.
  /// Nothing is touched before build().
  void want(const std::vector<const graph::Graph*>& graphs);
  /// Makes what is wanted; cheap when it was done since the last want().
  Status build();
  /// Whether namespaces of a component and of the router are there.
  [[nodiscard]] bool present(const std::string& component) const;

  /// Puts right whatever differs; what that was. Nothing is done before the first build().
  Result<std::vector<host::Drift>> repair();
  Status teardown();

  [[nodiscard]] std::string router_namespace() const;
  [[nodiscard]] std::string component_namespace(const std::string& component) const;
  /// Components with an edge to a port of the agent.
  [[nodiscard]] std::vector<std::string> clients_of_agent(std::uint16_t port) const;
  /// Where ports of the agent lead out of the platform.
  [[nodiscard]] std::map<std::uint16_t, Destination> ways_out() const;
  [[nodiscard]] Result<std::vector<host::RefusedConnection>> refused() const;

 private:
  const std::string stack_;
  mutable std::mutex mutex_;
  host::Network network_;
  host::NetworkSpec wanted_;
  std::vector<host::Edge> edges_;
  std::map<std::uint16_t, std::set<std::string>> agent_clients_;
  std::map<std::uint16_t, Destination> ways_out_;
  bool built_ = false;
};

/// Identifies the namespace that a path or /proc/PID/ns/net leads to; 0 when there is none.
[[nodiscard]] std::uint64_t namespace_number(const std::string& path);

} // namespace allod::agent
