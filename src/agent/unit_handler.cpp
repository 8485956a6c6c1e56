#include "agent/unit_handler.h"

namespace allod::agent {

Result<std::string> UnitHandler::realise(const Task& task) {
  const Result<UnitDefinition> unit =
      unit_definition(task.resource, task.graph, machinery_.first_user);
  if (!unit) return unit.error();
  // Made for each `allod exec`.
  if (unit->session) return done_word(task.action);
  Supervisor& supervisor = machinery_.supervisor;
  const std::optional<UnitView> view = supervisor.view(unit->name);
  const bool running = view && view->container != nullptr;

  using graph::Action;
  if (task.action == Action::restart && running) {
    if (Status replaced = supervisor.replace(*unit, task.stop); !replaced) {
      return std::move(replaced).error();
    }
    return done_word(task.action);
  }
  if ((task.action == Action::update || task.action == Action::reload) && running) {
    Status updated = supervisor.update(*unit, task.action == Action::reload);
    if (!updated) return std::move(updated).error();
    return done_word(task.action);
  }
  bool started = false;
  const bool recorded = task.action == Action::none;
  if (Status up = supervisor.start(*unit, task.stop, recorded, &started); !up) {
    return std::move(up).error();
  }
  if (task.action != Action::none) return done_word(task.action);
  return std::string(started ? "started" : "");
}

Status UnitHandler::remove(const Removal& removal) {
  return machinery_.supervisor.remove(name_of(removal.resource.id));
}

} // namespace allod::agent
