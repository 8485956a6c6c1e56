// A service of the agent in the platform's network: HTTPS at the router's address, for exactly the
// components that have a rule to its port.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/event_log.h"
#include "agent/identity_keeper.h"
#include "agent/network_keeper.h"
#include "base/result.h"
#include "trust/mtls_server.h"

namespace allod::agent {

/// Calls are safe from several threads. What it is given must outlive it.
class AgentEndpoint {
 public:
  struct Service {
    std::string name; ///< for people: "the seal's endpoint"
    std::uint16_t port = 0;
    trust::HttpHandler answer; ///< called from several threads
    /// What must be done before these components are let in; may be empty.
    std::function<Status(const std::vector<std::string>& components)> prepare;
  };

  AgentEndpoint(Service service, IdentityKeeper& identities, NetworkKeeper& network,
                EventLog& events);
  ~AgentEndpoint();

  /// Serves whoever has a rule to it; nobody: it is stopped. Comes up anew when the router's
  /// namespace was made anew.
  Status ensure();
  /// Takes up a renewed certificate; open connections go on.
  Status renew();
  void stop();

 private:
  Status listen(const std::vector<std::string>& components);

  const Service service_;
  IdentityKeeper& identities_;
  NetworkKeeper& network_;
  EventLog& events_;
  std::mutex mutex_;
  std::vector<std::string> components_;
  std::uint64_t namespace_ = 0;
  std::unique_ptr<trust::MtlsServer> server_;
};

} // namespace allod::agent
