#include "agent/seal_endpoint.h"

#include <map>

#include "stack/agent_offers.h"

namespace allod::agent {

SealEndpoint::SealEndpoint(std::string stack, Keys& keys, IdentityKeeper& identities,
                           NetworkKeeper& network, EventLog& events)
    : stack_(std::move(stack)), keys_(keys), events_(events),
      endpoint_({.name = "the seal's endpoint",
                 .port = stack::kAgentSeal.port,
                 .answer = [this](const trust::HttpRequest& request) { return answer(request); },
                 .prepare =
                     [this](const std::vector<std::string>& components) {
                       return open_seal(components);
                     }},
                identities, network, events) {}

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
  const std::lock_guard lock(mutex_);
  current_ = std::make_shared<trust::TransitSeal>(std::move(*seal));
  return {};
}

trust::HttpAnswer SealEndpoint::answer(const trust::HttpRequest& request) {
  std::shared_ptr<trust::TransitSeal> current;
  {
    const std::lock_guard lock(mutex_);
    current = current_;
  }
  return current->handle(request);
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
