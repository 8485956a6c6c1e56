// What the supervisor does while units run: exits, lost monitors, probes, repairs.
#include <algorithm>
#include <csignal>
#include <cstring>

#include <sys/epoll.h>

#include "agent/network_keeper.h"
#include "agent/supervised_unit.h"
#include "agent/supervisor.h"
#include "base/text.h"

namespace allod::agent {
namespace {

using std::chrono::milliseconds;

/// Between two probes of a unit that is starting: short at first, a command inside costs more.
milliseconds start_pause(const ProbeDefinition& probe, int probes) {
  const bool costly = !probe.exec.empty();
  milliseconds pause = costly ? milliseconds(100) : milliseconds(40);
  const milliseconds most = costly ? milliseconds(1000) : milliseconds(500);
  for (int i = 0; i < probes && pause < most; ++i)
    pause = pause * 3 / 2;
  return std::min({pause, most, probe.interval});
}

/// "exited with code 1", "was ended by signal KILL", "ran out of memory".
std::string describe_exit(const host::ContainerState& state) {
  if (state.out_of_memory) return "ran out of memory";
  if (!state.exit_code) return "is gone";
  if (*state.exit_code > 128) {
    const char* name = ::sigabbrev_np(*state.exit_code - 128);
    return std::string("was ended by signal ") + (name == nullptr ? "?" : name);
  }
  return "exited with code " + std::to_string(*state.exit_code);
}

} // namespace

void Supervisor::unwatch(Unit& unit) {
  for (UniqueFd* fd : {&unit.process, &unit.monitor}) {
    if (!*fd) continue;
    parts_.loop.unwatch(fd->get());
    fd->reset();
  }
  if (unit.timer != 0) parts_.loop.cancel(std::exchange(unit.timer, 0));
}

void Supervisor::watch(const UnitPointer& unit, std::uint64_t number) {
  std::shared_ptr<const host::Container> container;
  milliseconds first{1};
  {
    const std::lock_guard lock(mutex_);
    if (unit->number != number || let_go_) return;
    container = unit->container;
    // Without a probe, running on is all there is to see.
    if (!unit->definition->probe) first = milliseconds(150);
  }
  unwatch(*unit);
  Result<UniqueFd> process = container->pidfd();
  if (!process) return on_exit(unit, number);
  Result<UniqueFd> monitor = container->conmon_pidfd();
  if (!monitor) return on_monitor_gone(unit, number);
  unit->process = std::move(*process);
  unit->monitor = std::move(*monitor);
  Status watched = parts_.loop.watch(
      unit->process.get(), EPOLLIN, [this, unit, number](std::uint32_t) { on_exit(unit, number); });
  if (watched) {
    watched = parts_.loop.watch(unit->monitor.get(), EPOLLIN, [this, unit, number](std::uint32_t) {
      on_monitor_gone(unit, number);
    });
  }
  if (!watched) {
    parts_.events.tell("unit/" + unit->name, "cannot be watched", "", watched.error().message());
  }
  schedule_probe(unit, number, first);
}

void Supervisor::on_exit(const UnitPointer& unit, std::uint64_t number) {
  unwatch(*unit);
  {
    const std::lock_guard lock(mutex_);
    if (unit->number != number || let_go_) return;
    if (unit->attended) {
      unit->died = true;
      changed_.notify_all();
      return;
    }
  }
  parts_.pool.submit([this, unit, number] { handle_exit(unit, number); });
}

void Supervisor::on_monitor_gone(const UnitPointer& unit, std::uint64_t number) {
  if (unit->monitor) parts_.loop.unwatch(unit->monitor.get());
  unit->monitor.reset();
  parts_.pool.submit([this, unit, number] {
    std::shared_ptr<const host::Container> container;
    {
      const std::lock_guard lock(mutex_);
      if (unit->number != number || unit->attended) return;
      container = unit->container;
    }
    // It goes with the unit, too: then the unit's own end is the news.
    if (!container || container->state().phase != host::Phase::running) return;
    submit_restart(unit, number, "lost its monitor process while running", "");
  });
}

void Supervisor::schedule_probe(const UnitPointer& unit, std::uint64_t number, milliseconds delay) {
  if (unit->timer != 0) parts_.loop.cancel(unit->timer);
  unit->timer = parts_.loop.after(delay, [this, unit, number] {
    unit->timer = 0;
    parts_.pool.submit([this, unit, number] { probe(unit, number); });
  });
}

void Supervisor::probe(const UnitPointer& unit, std::uint64_t number) {
  std::shared_ptr<const UnitDefinition> definition;
  std::shared_ptr<const host::Container> container;
  {
    const std::lock_guard lock(mutex_);
    if (unit->number != number || !unit->container || let_go_) return;
    definition = unit->definition;
    container = unit->container;
  }
  ProbePlace place = parts_.probe_place;
  place.router_namespace = parts_.launcher.parts().network.router_namespace();
  if (Result<trust::SpiffeId> peer = parts_.identity_of(definition->component); peer) {
    place.peer = std::move(*peer);
  }
  take_answer(unit, number, run_probe(*definition, *container, place));
}

void Supervisor::take_answer(const UnitPointer& unit, std::uint64_t number, const Status& answer) {
  milliseconds next{0};
  std::string restart_because;
  std::string event;
  {
    const std::lock_guard lock(mutex_);
    if (unit->number != number || let_go_) return;
    const UnitDefinition& definition = *unit->definition;
    ++unit->probes;
    if (answer) {
      if (unit->state == UnitState::unready) event = "is ready again";
      if (unit->state == UnitState::starting && !unit->attended && unit->restarts > 0) {
        event = "is ready again";
      }
      unit->failures = 0;
      unit->last_answer.clear();
      unit->last_error.clear();
      set_state(*unit, UnitState::ready);
    } else {
      unit->last_answer = answer.error().message();
      const auto ran = std::chrono::steady_clock::now() - unit->started_at;
      if (unit->state == UnitState::starting) {
        if (!unit->attended && ran > definition.probe->start_timeout) {
          restart_because = "did not become ready in time";
        }
      } else {
        unit->last_error = unit->last_answer;
        // While what it leans on is away, a restart would not help.
        const bool counts = stands_by_itself(definition);
        if (unit->state != UnitState::unready) event = "does not answer as it should";
        set_state(*unit, UnitState::unready);
        unit->failures = counts ? unit->failures + 1 : 0;
        if (unit->failures >= definition.probe->failures) {
          restart_because = "did not answer " + std::to_string(unit->failures) + " times in a row";
        }
      }
    }
    if (definition.probe) {
      next = unit->state == UnitState::starting ? start_pause(*definition.probe, unit->probes)
                                                : definition.probe->interval;
    } else {
      next = milliseconds(30000); // still looked at for memory kills
    }
  }
  if (!event.empty()) {
    parts_.events.tell("unit/" + unit->name, event, "", answer ? "" : answer.error().message());
    // It may be what lies between.
    if (!answer) parts_.on_doubt();
  }
  if (!restart_because.empty()) {
    submit_restart(unit, number, restart_because, answer.error().message());
    return;
  }
  look_for_memory_kills(unit);
  parts_.loop.post([this, unit, number, next] {
    {
      const std::lock_guard lock(mutex_);
      if (unit->number != number || let_go_) return;
    }
    schedule_probe(unit, number, next);
  });
}

/// Whether every unit behind its bindings is ready. The caller holds the lock.
bool Supervisor::stands_by_itself(const UnitDefinition& definition) const {
  return std::all_of(definition.leans_on.begin(), definition.leans_on.end(),
                     [this](const std::string& name) {
                       const auto found = units_.find(name);
                       return found == units_.end() || found->second->state == UnitState::ready;
                     });
}

void Supervisor::look_for_memory_kills(const UnitPointer& unit) {
  std::shared_ptr<const host::Container> container;
  std::string resource;
  {
    const std::lock_guard lock(mutex_);
    // Not at every turn while it starts.
    if (!unit->container || unit->state == UnitState::starting) return;
    container = unit->container;
    resource = unit->definition->resource;
  }
  const Result<host::ResourceUsage> usage = container->usage();
  if (!usage) return;
  {
    const std::lock_guard lock(mutex_);
    if (unit->container != container || usage->out_of_memory_kills <= unit->memory_kills) return;
    unit->memory_kills = usage->out_of_memory_kills;
  }
  parts_.events.tell(resource, "the kernel ended one of its processes: out of memory", "",
                     "limit " + format_size(usage->memory_limit));
}

void Supervisor::handle_exit(const UnitPointer& unit, std::uint64_t number) {
  const std::lock_guard operation(unit->operation);
  std::shared_ptr<const host::Container> container;
  {
    const std::lock_guard lock(mutex_);
    if (unit->number != number || !unit->wanted || let_go_) return;
    container = unit->container;
  }
  std::string what = "could not be started";
  std::string detail;
  if (container) {
    const host::ContainerState state = container->state();
    what = describe_exit(state);
    if (state.out_of_memory) {
      const Result<host::ResourceUsage> usage = container->usage();
      if (usage) detail = "limit " + format_size(usage->memory_limit);
    }
  }
  restart_later(unit, what, detail);
}

void Supervisor::submit_restart(const UnitPointer& unit, std::uint64_t number,
                                const std::string& what, const std::string& detail) {
  parts_.pool.submit([this, unit, number, what, detail] {
    const std::lock_guard operation(unit->operation);
    {
      const std::lock_guard lock(mutex_);
      if (unit->number != number || !unit->wanted || let_go_) return;
    }
    if (Status halted = halt(unit); !halted) {
      parts_.events.tell("unit/" + unit->name, what, "could not be stopped",
                         halted.error().message());
    }
    {
      const std::lock_guard lock(mutex_);
      unit->wanted = true;
    }
    restart_later(unit, what, detail);
  });
}

void Supervisor::restart_later(const UnitPointer& unit, const std::string& what,
                               const std::string& detail) {
  milliseconds delay{0};
  std::uint64_t number = 0;
  std::string resource;
  {
    const std::lock_guard lock(mutex_);
    const auto ran = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() -
                                                              unit->started_at);
    delay = unit->back_off.next(ran);
    number = ++unit->number;
    unit->last_error = detail.empty() ? what : what + ": " + detail;
    resource = unit->definition->resource;
    set_state(*unit, UnitState::restarting);
  }
  parts_.events.tell(resource, what,
                     delay.count() == 0
                         ? "started again"
                         : "will be started again in " + format_duration(delay.count()),
                     detail);
  if (delay.count() == 0) {
    parts_.pool.submit([this, unit, number] { start_again(unit, number); });
    return;
  }
  parts_.loop.post([this, unit, number, delay] {
    unwatch(*unit);
    unit->timer = parts_.loop.after(delay, [this, unit, number] {
      unit->timer = 0;
      parts_.pool.submit([this, unit, number] { start_again(unit, number); });
    });
  });
}

void Supervisor::start_again(const UnitPointer& unit, std::uint64_t number) {
  const std::lock_guard operation(unit->operation);
  std::shared_ptr<const UnitDefinition> definition;
  {
    const std::lock_guard lock(mutex_);
    if (unit->number != number || !unit->wanted || let_go_) return;
    definition = unit->definition;
    ++unit->restarts;
  }
  Status launched = launch(unit, *definition, false);
  if (launched) return;
  restart_later(unit, "could not be started", launched.error().describe());
}

void Supervisor::repair() {
  for (const UnitView& view : views()) {
    if (!view.container || view.state == UnitState::restarting) continue;
    const UnitDefinition& definition = *view.definition;
    const NetworkKeeper& network = parts_.launcher.parts().network;
    const std::string own = "/proc/" + std::to_string(view.container->pid()) + "/ns/net";
    const std::uint64_t there = namespace_number(own);
    if (there != 0 &&
        there != namespace_number(network.component_namespace(definition.component))) {
      Status ignored = restart(definition.name, "is no longer in the component's network");
      if (!ignored) parts_.events.tell(definition.resource, ignored.error().describe());
      continue;
    }
    const UnitPointer unit = find(definition.name);
    // Somebody is at work on it: the next turn will do.
    const std::unique_lock operation(unit->operation, std::try_to_lock);
    if (!operation) continue;
    const Result<std::vector<std::string>> files = parts_.launcher.files().repair(definition);
    if (!files) {
      parts_.events.tell(definition.resource, "its files could not be checked", "",
                         files.error().describe());
    } else if (!files->empty()) {
      Status reloaded = reload_locked(unit);
      parts_.events.tell(definition.resource, "files were not as they should be",
                         reloaded ? "written anew" : "written anew, but it could not be told",
                         join(*files, ", "));
    }
  }
}

void Supervisor::let_go() {
  const std::lock_guard lock(mutex_);
  let_go_ = true;
  changed_.notify_all();
}

} // namespace allod::agent
