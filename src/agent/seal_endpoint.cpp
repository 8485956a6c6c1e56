#include "agent/seal_endpoint.h"

#include <map>

#include "graph/resource.h"
#include "host/namespaces.h"

namespace allod::agent {

/// The keys as the server's threads see them; replaced as a whole.
struct SealEndpoint::Seal {
  std::mutex mutex;
  std::shared_ptr<trust::TransitSeal> current;
};

SealEndpoint::SealEndpoint(std::string stack, Keys& keys, IdentityKeeper& identities,
                           NetworkKeeper& network, EventLog& events)
    : stack_(std::move(stack)), keys_(keys), identities_(identities), network_(network),
      events_(events), seal_(std::make_shared<Seal>()) {}

SealEndpoint::~SealEndpoint() {
  stop();
}

Status SealEndpoint::ensure() {
  const std::lock_guard lock(mutex_);
  const std::vector<std::string> components = network_.sealed_by_agent();
  if (components.empty()) {
    server_.reset();
    components_.clear();
    return {};
  }
  const std::uint64_t there = namespace_number(network_.router_namespace());
  const bool listening = server_ != nullptr && there == namespace_;
  if (listening && components == components_) return {};
  if (Status opened = open_seal(components); !opened) {
    return std::move(opened).error().during("opening the seal's keys");
  }
  if (listening) {
    Result<trust::TlsMaterial> material = identities_.server_material(components);
    if (!material) return std::move(material).error();
    if (Status replaced = server_->replace(*material); !replaced) return replaced;
  } else if (Status listened = listen(components); !listened) {
    return std::move(listened).error().during("opening the seal's endpoint");
  }
  components_ = components;
  namespace_ = there;
  return {};
}

Status SealEndpoint::open_seal(const std::vector<std::string>& components) {
  std::map<std::string, trust::TransitKey> keys;
  for (const std::string& component : components) {
    Result<trust::SpiffeId> id = keys_.authority().id_of(component);
    if (!id) return std::move(id).error();
    keys[component] = {stack_ + "/" + component + " seal", {std::move(*id)}};
  }
  Result<trust::TransitSeal> seal = trust::TransitSeal::open(
      keys_.token(), std::move(keys), [this](const trust::TransitUse& use) { record(use); });
  if (!seal) return std::move(seal).error();
  const std::lock_guard lock(seal_->mutex);
  seal_->current = std::make_shared<trust::TransitSeal>(std::move(*seal));
  return {};
}

Status SealEndpoint::listen(const std::vector<std::string>& components) {
  server_.reset();
  Result<trust::TlsMaterial> material = identities_.server_material(components);
  if (!material) return std::move(material).error();
  Result<UniqueFd> listener = host::listen_in_namespace(
      network_.router_namespace(), std::string(graph::kRouterAddress), kSealPort);
  if (!listener) return std::move(listener).error();
  trust::MtlsServerSettings settings;
  settings.threads = 3;
  settings.on_refused = [this](const std::string& why) {
    events_.tell("", "the seal's endpoint refused a connection", "", why);
  };
  const auto answer = [seal = seal_](const trust::HttpRequest& request) {
    std::shared_ptr<trust::TransitSeal> current;
    {
      const std::lock_guard lock(seal->mutex);
      current = seal->current;
    }
    return current->handle(request);
  };
  Result<trust::MtlsServer> server =
      trust::MtlsServer::start(std::move(*listener), *material, answer, std::move(settings));
  if (!server) return std::move(server).error();
  server_ = std::make_unique<trust::MtlsServer>(std::move(*server));
  return {};
}

Status SealEndpoint::renew() {
  const std::lock_guard lock(mutex_);
  if (!server_) return {};
  Result<trust::TlsMaterial> material = identities_.server_material(components_);
  if (!material) return std::move(material).error();
  return server_->replace(*material);
}

void SealEndpoint::stop() {
  const std::lock_guard lock(mutex_);
  server_.reset();
  components_.clear();
}

void SealEndpoint::record(const trust::TransitUse& use) {
  Event event;
  const std::string& path = use.caller.path();
  event.component = path.substr(path.rfind('/') + 1);
  event.what = "used the seal key " + use.key + ": " + use.operation;
  event.action = use.allowed && use.status < 300 ? "answered" : "refused";
  event.detail = use.failure;
  events_.tell(std::move(event));
}

} // namespace allod::agent
