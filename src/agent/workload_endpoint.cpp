#include "agent/workload_endpoint.h"

#include <unistd.h>

#include "base/files.h"

namespace allod::agent {

WorkloadEndpoint::WorkloadEndpoint(Places places, std::uint32_t first_user, Keys& keys,
                                   IdentityKeeper& identities, EventLog& events, trust::Clock clock)
    : places_(std::move(places)), attestor_(places_, first_user), keys_(keys),
      identities_(identities), events_(events), clock_(std::move(clock)) {}

WorkloadEndpoint::~WorkloadEndpoint() {
  stop();
}

spiffe::WorkloadSources WorkloadEndpoint::sources() {
  spiffe::WorkloadSources sources;
  sources.attest = [this](const trust::PeerCredentials& peer) -> Result<trust::SpiffeId> {
    const Result<std::string> component = attestor_.component_of(peer);
    if (!component) return component.error();
    return keys_.authority().id_of(*component);
  };
  sources.certificate = [this](const trust::SpiffeId& id) {
    return identities_.current(id.path().substr(id.path().rfind('/') + 1));
  };
  sources.roots = [this]() -> Result<std::string> { return keys_.authority().root_bundle(); };
  sources.jwt_keys = [this] { return keys_.jwt_keys(); };
  sources.record = [this](const std::string& what, const std::string& who, const std::string& why) {
    events_.tell("", "workload API: " + what, who, why);
  };
  return sources;
}

Status WorkloadEndpoint::ensure() {
  const std::lock_guard lock(mutex_);
  if (server_) return {};
  const std::string folder = places_.workload_api();
  if (Status made = make_directories(folder, 0755); !made) return made;
  // Whom it answers is decided call by call, so anybody who sees the socket may connect.
  Result<UniqueFd> listener =
      trust::listen_locally(folder + "/socket", ::geteuid(), ::getegid(), 0666);
  if (!listener) {
    return std::move(listener).error().during("opening the SPIFFE Workload API");
  }
  const trust::TrustDomain& domain = keys_.authority().domain();
  api_ = std::make_unique<spiffe::WorkloadApi>(
      domain, spiffe::JwtAuthority(keys_.token(), {.domain = domain, .clock = clock_}), sources());
  Result<std::unique_ptr<spiffe::GrpcServer>> server = spiffe::GrpcServer::start(
      std::move(*listener),
      [api = api_.get()](const spiffe::GrpcCall& call) { return api->handle(call); });
  if (!server) return std::move(server).error().during("opening the SPIFFE Workload API");
  server_ = std::move(*server);
  identities_.on_change([served = server_.get()] { served->changed(); });
  return {};
}

void WorkloadEndpoint::stop() {
  const std::lock_guard lock(mutex_);
  identities_.on_change({});
  server_.reset();
  api_.reset();
}

} // namespace allod::agent
