#include "agent/agent_endpoint.h"

#include "graph/resource.h"
#include "host/namespaces.h"

namespace allod::agent {

AgentEndpoint::AgentEndpoint(Service service, IdentityKeeper& identities, NetworkKeeper& network,
                             EventLog& events)
    : service_(std::move(service)), identities_(identities), network_(network), events_(events) {}

AgentEndpoint::~AgentEndpoint() {
  stop();
}

Status AgentEndpoint::ensure() {
  const std::lock_guard lock(mutex_);
  const std::vector<std::string> components = network_.clients_of_agent(service_.port);
  if (components.empty()) {
    server_.reset();
    components_.clear();
    return {};
  }
  const std::uint64_t there = namespace_number(network_.router_namespace());
  const bool listening = server_ != nullptr && there == namespace_;
  if (listening && components == components_) return {};
  if (service_.prepare) {
    if (Status prepared = service_.prepare(components); !prepared)
      return std::move(prepared).error().during("preparing " + service_.name);
  }
  if (listening) {
    Result<trust::TlsMaterial> material = identities_.server_material(components);
    if (!material) return std::move(material).error();
    if (Status replaced = server_->replace(*material); !replaced) return replaced;
  } else if (Status listened = listen(components); !listened) {
    return std::move(listened).error().during("opening " + service_.name);
  }
  components_ = components;
  namespace_ = there;
  return {};
}

Status AgentEndpoint::listen(const std::vector<std::string>& components) {
  server_.reset();
  Result<trust::TlsMaterial> material = identities_.server_material(components);
  if (!material) return std::move(material).error();
  Result<UniqueFd> listener = host::listen_in_namespace(
      network_.router_namespace(), std::string(graph::kRouterAddress), service_.port);
  if (!listener) return std::move(listener).error();
  trust::MtlsServerSettings settings;
  settings.threads = 3;
  settings.on_refused = [this](const std::string& why) {
    events_.tell("", service_.name + " refused a connection", "", why);
  };
  Result<trust::MtlsServer> server = trust::MtlsServer::start(std::move(*listener), *material,
                                                              service_.answer, std::move(settings));
  if (!server) return std::move(server).error();
  server_ = std::make_unique<trust::MtlsServer>(std::move(*server));
  return {};
}

Status AgentEndpoint::renew() {
  const std::lock_guard lock(mutex_);
  if (!server_) return {};
  Result<trust::TlsMaterial> material = identities_.server_material(components_);
  if (!material) return std::move(material).error();
  return server_->replace(*material);
}

void AgentEndpoint::stop() {
  const std::lock_guard lock(mutex_);
  server_.reset();
  components_.clear();
}

} // namespace allod::agent
