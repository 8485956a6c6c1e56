// The SPIFFE Workload API of the stack's units: a socket in a folder that is mounted into whatever
// asks for it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "agent/attestor.h"
#include "agent/event_log.h"
#include "agent/identity_keeper.h"
#include "agent/keys.h"
#include "agent/places.h"
#include "base/result.h"
#include "spiffe/grpc_server.h"
#include "spiffe/workload_api.h"
#include "trust/certificate_authority.h"

namespace allod::agent {

/// Where a unit finds it, and the variable that tells SPIFFE clients so.
inline constexpr const char* kWorkloadFolder = "/run/workload-api";
inline constexpr const char* kWorkloadVariable = "SPIFFE_ENDPOINT_SOCKET";
inline constexpr const char* kWorkloadAddress = "unix:///run/workload-api/socket";

/// Calls are safe from several threads. What it is given must outlive it.
class WorkloadEndpoint {
 public:
  WorkloadEndpoint(Places places, std::uint32_t first_user, Keys& keys, IdentityKeeper& identities,
                   EventLog& events, trust::Clock clock);
  ~WorkloadEndpoint();

  /// Listens, unless it does so already. Errors: io, invalid_input (a path that is too long).
  Status ensure();
  void stop();

 private:
  [[nodiscard]] spiffe::WorkloadSources sources();

  Places places_;
  Attestor attestor_;
  Keys& keys_;
  IdentityKeeper& identities_;
  EventLog& events_;
  trust::Clock clock_;
  std::mutex mutex_;
  std::unique_ptr<spiffe::WorkloadApi> api_;
  std::unique_ptr<spiffe::GrpcServer> server_; ///< before the API in destruction
};

} // namespace allod::agent
