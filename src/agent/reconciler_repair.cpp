// What the reconciler does between changes: put right what drifted, renew what comes to its end.
#include "agent/log_keeper.h"
#include "agent/reconciler.h"

namespace allod::agent {

bool Reconciler::repair_network() {
  const Result<std::vector<host::Drift>> drift = machinery_.network.repair();
  if (!drift) {
    machinery_.given.events.tell("", "the network could not be put right", "",
                                 drift.error().describe());
    return false;
  }
  for (const host::Drift& entry : *drift) {
    machinery_.given.events.tell("", std::string("network: ") + to_string(entry.kind), "put right",
                                 entry.object + (entry.detail.empty() ? "" : ": " + entry.detail));
  }
  if (drift->empty()) return true;
  if (Status served = machinery_.ensure_endpoints(); !served) {
    machinery_.given.events.tell("", "the agent's services could not be opened", "",
                                 served.error().describe());
  }
  return true;
}

void Reconciler::reload_units(const std::vector<std::string>& units, const std::string& why,
                              const std::string& action) {
  for (const std::string& unit : units) {
    // Each by itself: one that is just being started must not hold up the others.
    machinery_.given.pool.submit([this, unit, why, action] {
      Status told = machinery_.supervisor.reload(unit);
      machinery_.given.events.tell("unit/" + unit, why,
                                   told ? action : action + ", but it could not be told",
                                   told ? "" : told.error().describe());
    });
  }
}

void Reconciler::rotate_logs() {
  const Places& places = machinery_.given.places;
  for (const UnitView& view : machinery_.supervisor.views()) {
    const UnitDefinition& unit = *view.definition;
    const Result<bool> rotated = rotate_log(places.host(), unit, places.log_of(unit.name));
    if (rotated) continue;
    machinery_.given.events.tell("unit/" + unit.name, "its log could not be rotated", "",
                                 rotated.error().describe());
  }
}

void Reconciler::repair() {
  rotate_logs();
  machinery_.metrics.check_heartbeat();
  const bool whole = repair_network();
  machinery_.supervisor.repair();
  // Units that lived on in a namespace without a name held on to its link until now.
  if (!whole) static_cast<void>(repair_network());
  const Result<std::vector<std::string>> laid = machinery_.identities.repair();
  if (!laid) {
    machinery_.given.events.tell("", "identities could not be checked", "",
                                 laid.error().describe());
    return;
  }
  reload_units(*laid, "its identity was not as it should be", "laid anew");
  const Result<std::vector<std::string>> trusting = machinery_.identities.renew_authorities();
  if (!trusting) {
    machinery_.given.events.tell("", "issuing certificates could not be renewed", "",
                                 trusting.error().describe());
    return;
  }
  reload_units(*trusting, "an issuing certificate was renewed", "laid anew");
}

void Reconciler::renew_due() {
  for (const std::string& component : machinery_.identities.due()) {
    const Result<std::vector<std::string>> units = machinery_.identities.renew(component);
    if (!units) {
      machinery_.given.events.tell("identity/" + component, "certificate at half its life",
                                   "could not be renewed", units.error().describe());
      continue;
    }
    if (component == kAgentComponent) {
      Status renewed = machinery_.renew_endpoints();
      machinery_.given.events.tell("identity/" + component, "certificate at half its life",
                                   "renewed", renewed ? "" : renewed.error().describe());
      continue;
    }
    reload_units(*units, "certificate at half its life", "renewed");
  }
}

} // namespace allod::agent
