// Links, addresses and routes of the network namespace that the calling thread is in, over
// rtnetlink(7).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

struct mnl_socket;
struct nlmsghdr;

namespace allod::host {

struct Link {
  int index = 0;
  std::string name;
  std::string alias;
  bool up = false;
  bool running = false; ///< it passes packets: its other end is up too, and the kernel has noticed
};

struct LinkAddress {
  int index = 0; ///< of the link
  std::string address;
  int prefix = 32;
};

struct Route {
  std::string destination; ///< empty: default
  int prefix = 0;
  std::string gateway; ///< empty: on the link itself
  int index = 0;       ///< of the link
  std::string source;  ///< of this machine's own packets; empty: as the kernel chooses
};

class Rtnetlink {
 public:
  /// Bound to the namespace of the thread that calls. Errors: io, permission.
  static Result<Rtnetlink> open();

  Result<std::vector<Link>> links();
  /// IPv4 addresses.
  Result<std::vector<LinkAddress>> addresses();
  /// IPv4 routes of the main table.
  Result<std::vector<Route>> routes();

  /// A veth pair: `name` here, `peer` in the namespace of a descriptor. Errors: unsupported when
  /// the kernel has no veth; already_exists.
  Status add_veth(const std::string& name, const std::string& peer, int peer_namespace);
  Status remove_link(const std::string& name);
  Status set_up(int index);
  /// The text that `ip link` shows as alias.
  Status set_alias(int index, const std::string& alias);
  /// Present already is no error, for both.
  Status add_address(int index, const std::string& address, int prefix);
  Status add_route(const Route& route);

 private:
  struct Closer {
    void operator()(mnl_socket* socket) const;
  };
  explicit Rtnetlink(mnl_socket* socket) : socket_(socket) {}
  /// Sends a request and waits for its acknowledgement.
  Status send(nlmsghdr* request, const std::string& what);
  /// Sends a dump request and hands every message to `take`.
  template<class Take>
  Status dump(std::uint16_t type, const Take& take);

  std::unique_ptr<mnl_socket, Closer> socket_;
  std::uint32_t sequence_ = 1;
};

/// The link of a name among some.
[[nodiscard]] std::optional<Link> find_link(const std::vector<Link>& links,
                                            const std::string& name);

} // namespace allod::host
