#include "agent/handler.h"

#include "agent/backup_handler.h"
#include "agent/binding_handler.h"
#include "agent/identity_handler.h"
#include "agent/network_handler.h"
#include "agent/rule_handler.h"
#include "agent/secret_handler.h"
#include "agent/step_handler.h"
#include "agent/unit_handler.h"
#include "agent/volume_handler.h"

namespace allod::agent {

Handlers make_handlers(Machinery& machinery) {
  using graph::ResourceKind;
  Handlers handlers;
  handlers[ResourceKind::network] = std::make_unique<NetworkHandler>(machinery);
  handlers[ResourceKind::rule] = std::make_unique<RuleHandler>(machinery);
  handlers[ResourceKind::identity] = std::make_unique<IdentityHandler>(machinery);
  handlers[ResourceKind::secret] = std::make_unique<SecretHandler>(machinery);
  handlers[ResourceKind::volume] = std::make_unique<VolumeHandler>(machinery);
  handlers[ResourceKind::unit] = std::make_unique<UnitHandler>(machinery);
  handlers[ResourceKind::step] = std::make_unique<StepHandler>(machinery);
  handlers[ResourceKind::binding] = std::make_unique<BindingHandler>(machinery);
  handlers[ResourceKind::backup] = std::make_unique<BackupHandler>(machinery);
  return handlers;
}

std::string done_word(graph::Action action) {
  switch (action) {
  case graph::Action::none:
    return "";
  case graph::Action::create:
    return "created";
  case graph::Action::update:
    return "changed";
  case graph::Action::reload:
    return "reloaded";
  case graph::Action::restart:
    return "restarted";
  case graph::Action::rerun:
    return "run again";
  case graph::Action::remove:
    return "removed";
  }
  return "";
}

} // namespace allod::agent
