#include "agent/identity_handler.h"

namespace allod::agent {

Result<std::string> IdentityHandler::realise(const Task& task) {
  const Result<IdentityDefinition> definition = identity_definition(task.resource);
  if (!definition) return definition.error();
  const Result<std::vector<std::string>> units = machinery_.identities.define(*definition);
  if (!units) return units.error();
  bool other_clients = false;
  if (task.before != nullptr) {
    const Result<IdentityDefinition> old = identity_definition(*task.before);
    other_clients = old && old->clients != definition->clients;
  }
  for (const std::string& unit : *units) {
    const std::optional<UnitView> view = machinery_.supervisor.view(unit);
    const bool restart = other_clients && view && view->definition->clients_restart;
    Status told = restart ? machinery_.supervisor.restart(unit, "has other clients")
                          : machinery_.supervisor.reload(unit);
    if (!told) return std::move(told).error();
  }
  return done_word(task.action);
}

Status IdentityHandler::remove(const Removal& removal) {
  machinery_.identities.forget_component(removal.resource.component);
  return machinery_.keys->authority().remove_issuing(removal.resource.component);
}

} // namespace allod::agent
