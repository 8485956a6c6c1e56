// The agent's own service in the platform's network: keys of the token behind the transit API, so
// that OpenBao is sealed by the token (docs/adr/0005-agent-as-transit-seal.md).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/event_log.h"
#include "agent/identity_keeper.h"
#include "agent/keys.h"
#include "agent/network_keeper.h"
#include "base/result.h"
#include "trust/mtls_server.h"
#include "trust/transit_seal.h"

namespace allod::agent {

inline constexpr std::uint16_t kSealPort = 8700;

/// Calls are safe from several threads. What it is given must outlive it.
class SealEndpoint {
 public:
  SealEndpoint(std::string stack, Keys& keys, IdentityKeeper& identities, NetworkKeeper& network,
               EventLog& events);
  ~SealEndpoint();

  /// Serves exactly the components that have a rule to the agent, each its own key under its own
  /// name; nobody: it is stopped. Comes up anew when the router's namespace was made anew.
  Status ensure();
  /// Takes up a renewed certificate; open connections go on.
  Status renew();
  void stop();

 private:
  struct Seal;
  Status open_seal(const std::vector<std::string>& components);
  Status listen(const std::vector<std::string>& components);
  void record(const trust::TransitUse& use);

  const std::string stack_;
  Keys& keys_;
  IdentityKeeper& identities_;
  NetworkKeeper& network_;
  EventLog& events_;
  std::mutex mutex_;
  std::vector<std::string> components_;
  std::uint64_t namespace_ = 0;
  std::shared_ptr<Seal> seal_;
  std::unique_ptr<trust::MtlsServer> server_;
};

} // namespace allod::agent
