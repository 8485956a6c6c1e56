// The stack's own network: one namespace that routes, one per component behind a veth pair, and a
// packet filter that drops everything but a set of edges. The machine's addresses, forwarding and
// firewall play no part, and there is no route to them.
//
//   allod-STACK             router: 10.66.0.1 on lo, 169.254.1.1 on each veth, ip_forward=1,
//   nftables allod-STACK-COMPONENT   eth0 with its /32 address, default route over 169.254.1.1
//
// The namespaces are mounted under /run/netns as ip-netns(8) does, so `ip netns exec` works on
// them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace allod::host {

struct NetworkComponent {
  std::string name;
  std::string address; ///< IPv4, for instance 10.66.0.7
  bool operator==(const NetworkComponent&) const = default;
};

struct NetworkSpec {
  std::string stack;
  std::string router_address = "10.66.0.1"; ///< where the agent's own endpoints are reached
  std::vector<NetworkComponent> components;
  bool operator==(const NetworkSpec&) const = default;
};

/// One TCP service that one address may reach at another. The router's address is allowed on either
/// side; as a source it needs no edge, the agent may reach every component.
struct Edge {
  std::string source;
  std::string destination;
  std::uint16_t port = 0;
  auto operator<=>(const Edge&) const = default;
};

enum class DriftKind {
  namespace_missing,
  link_missing,
  address_missing,
  route_missing,
  forwarding_off,
  rules_changed, ///< a rule, chain or set definition differs from ours
  edge_missing,
  edge_foreign,      ///< an edge that nobody declared
  source_changed,    ///< the anti-spoofing set differs
  namespace_foreign, ///< of this stack, but of no declared component
};
[[nodiscard]] const char* to_string(DriftKind kind);

struct Drift {
  DriftKind kind;
  std::string object; ///< "namespace allod-home-keycloak", "10.66.0.3 → 10.66.0.2:5432"
  std::string detail;
};

/// A connection that the filter refused, from the last hour.
struct RefusedConnection {
  std::string source;
  std::string destination;
  std::uint16_t port = 0;
  std::uint64_t packets = 0;
};

struct DropCounters {
  std::uint64_t refused = 0; ///< packets without an edge
  std::uint64_t spoofed = 0; ///< packets whose source does not belong to their link
};

/// Holds what is wanted; every call compares it with what the kernel has. Not for use from several
/// threads at once.
class Network {
 public:
  explicit Network(NetworkSpec spec);

  [[nodiscard]] const NetworkSpec& spec() const { return spec_; }
  [[nodiscard]] const std::vector<Edge>& edges() const { return edges_; }
  /// "/run/netns/allod-STACK" and "/run/netns/allod-STACK-COMPONENT".
  [[nodiscard]] std::string router_namespace() const;
  [[nodiscard]] std::string component_namespace(const std::string& component) const;

  /// Makes what is missing of the network and leaves the rest alone, so that it may be called on a
  /// living one; namespaces of components that are no longer declared are removed. Filter rules are
  /// in force before the first link is up. Errors: invalid_input (names, addresses), unsupported
  /// (veth, nftables), conflict when a namespace of that name belongs to another stack.
  Status build();
  /// Another set of components: build() for it.
  Status change(NetworkSpec spec);

  /// Replaces the set of edges in one transaction with only the differences: connections over edges
  /// that stay are untouched. Errors: invalid_input for an address that no component has.
  Status apply(std::vector<Edge> edges);

  /// What differs from spec() and edges(). An empty answer means that all is as declared.
  [[nodiscard]] Result<std::vector<Drift>> verify() const;
  /// build() and apply() for whatever verify() found; says what that was.
  Result<std::vector<Drift>> repair();

  [[nodiscard]] Result<DropCounters> counters() const;
  [[nodiscard]] Result<std::vector<RefusedConnection>> refused() const;

  /// Removes every namespace of the stack, links and rules with them; also those of a stack of
  /// which nothing but the name is known. Nothing there is no error.
  static Status teardown(const std::string& stack);

 private:
  [[nodiscard]] Status validate() const;
  [[nodiscard]] Result<std::string> rules() const;
  Status build_router();
  Status build_component(const NetworkComponent& component);
  Status connect_components();
  Status await_links() const;
  Status ensure_filter();
  Status remove_foreign() const;
  Status verify_router(std::vector<Drift>& drifts) const;
  Status verify_component(const NetworkComponent& component, std::vector<Drift>& drifts) const;

  NetworkSpec spec_;
  std::vector<Edge> edges_;
  mutable std::string rules_; ///< how nftables spells ours here; empty until it was asked
};

} // namespace allod::host
