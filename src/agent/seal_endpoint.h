// Keys of the token behind the transit API, so that OpenBao is sealed by the token
// (docs/adr/0005-agent-as-transit-seal.md). Each component has its own key under its own name.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/agent_endpoint.h"
#include "agent/event_log.h"
#include "agent/keys.h"
#include "base/result.h"
#include "trust/mtls_server.h"
#include "trust/transit_seal.h"

namespace allod::agent {

/// Calls are safe from several threads. What it is given must outlive it.
class SealEndpoint {
 public:
  SealEndpoint(std::string stack, Keys& keys, IdentityKeeper& identities, NetworkKeeper& network,
               EventLog& events);

  AgentEndpoint& endpoint() { return endpoint_; }

 private:
  Status open_seal(const std::vector<std::string>& components);
  trust::HttpAnswer answer(const trust::HttpRequest& request);
  void record(const trust::TransitUse& use);

  const std::string stack_;
  Keys& keys_;
  EventLog& events_;
  std::mutex mutex_;
  std::shared_ptr<trust::TransitSeal> current_; ///< replaced as a whole
  AgentEndpoint endpoint_;                      ///< last: its threads use the rest
};

} // namespace allod::agent
