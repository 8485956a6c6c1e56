#include "agent/supervisor.h"

#include <algorithm>
#include <thread>

#include "agent/supervised_unit.h"
#include "agent/unit_log.h"
#include "base/text.h"

namespace allod::agent {
namespace {

using std::chrono::milliseconds;

/// How often a unit may end while it is waited for, before that is taken for its answer.
constexpr int kAttempts = 3;
constexpr milliseconds kPause{500};

/// Sleeps, unless it is time to stop.
void pause(const std::stop_token& stop, milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

} // namespace

const char* to_string(UnitState state) {
  switch (state) {
  case UnitState::starting:
    return "starting";
  case UnitState::ready:
    return "ready";
  case UnitState::unready:
    return "unready";
  case UnitState::restarting:
    return "restarting";
  case UnitState::stopped:
    return "stopped";
  case UnitState::failed:
    return "failed";
  }
  return "unknown";
}

Supervisor::Supervisor(Parts parts) : parts_(std::move(parts)) {}
Supervisor::~Supervisor() = default;

Supervisor::UnitPointer Supervisor::unit_of(const std::string& name) {
  const std::lock_guard lock(mutex_);
  UnitPointer& unit = units_[name];
  if (!unit) unit = std::make_shared<Unit>(name);
  return unit;
}

Supervisor::UnitPointer Supervisor::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = units_.find(name);
  return found == units_.end() ? nullptr : found->second;
}

void Supervisor::set_state(Unit& unit, UnitState state) {
  if (unit.state == state) return;
  unit.state = state;
  unit.since = now();
  changed_.notify_all();
}

Status Supervisor::launch(const UnitPointer& unit, const UnitDefinition& definition,
                          bool attended) {
  Result<host::Container> container = parts_.launcher.launch(definition);
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    unit->definition = std::make_shared<const UnitDefinition>(definition);
    unit->wanted = true;
    unit->attended = attended;
    unit->died = false;
    unit->failures = 0;
    unit->probes = 0;
    unit->memory_kills = 0;
    unit->last_answer.clear();
    number = ++unit->number;
    if (!container) {
      unit->container.reset();
      unit->last_error = container.error().message();
      set_state(*unit, UnitState::failed);
      return std::move(container).error();
    }
    unit->container = std::make_shared<const host::Container>(std::move(*container));
    unit->started_at = std::chrono::steady_clock::now();
    set_state(*unit, UnitState::starting);
  }
  parts_.loop.post([this, unit, number] { watch(unit, number); });
  return {};
}

Status Supervisor::await_ready(const UnitPointer& unit, const std::stop_token& stop, bool& died) {
  std::shared_ptr<const UnitDefinition> definition;
  std::shared_ptr<const host::Container> container;
  std::string answer;
  milliseconds waited{0};
  {
    std::unique_lock lock(mutex_);
    definition = unit->definition;
    const milliseconds limit =
        definition->probe ? definition->probe->start_timeout : milliseconds(10000);
    const auto over = [&] { return unit->died || unit->state == UnitState::ready; };
    changed_.wait_until(lock, stop, unit->started_at + limit, over);
    died = unit->died;
    if (!died && unit->state == UnitState::ready) {
      unit->attended = false;
      return {};
    }
    container = unit->container;
    answer = unit->last_answer;
    waited = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() -
                                                      unit->started_at);
  }
  if (stop.stop_requested()) {
    return Error(ErrorCode::cancelled, definition->title + " was no longer waited for");
  }
  return not_ready_error(*definition, container.get(), {answer, waited, died});
}

Error Supervisor::not_ready_error(const UnitDefinition& definition,
                                  const host::Container* container, const Waited& waited) const {
  std::string message =
      definition.title + " did not become ready in " + format_duration(waited.time.count());
  if (waited.died && container != nullptr) {
    const host::ContainerState state = container->state();
    message = definition.title + " ended while it was starting";
    if (state.exit_code) message += ", with exit code " + std::to_string(*state.exit_code);
    if (state.out_of_memory) message += " (out of memory: raise its memory limit)";
  }
  Error error(waited.died ? ErrorCode::io : ErrorCode::timeout, std::move(message));
  if (!waited.answer.empty()) error = std::move(error).with_detail("probe", waited.answer);
  for (const std::string& line :
       last_log_lines(parts_.launcher.parts().places.log_of(definition.name), 3)) {
    error = std::move(error).with_detail("last log", line);
  }
  return std::move(error).with_detail("see", "allod logs " + definition.component +
                                                 " · allod explain " + definition.component);
}

Status Supervisor::bring_up(const UnitPointer& unit, const UnitDefinition& definition,
                            const std::stop_token& stop) {
  for (int attempt = 1;; ++attempt) {
    if (Status launched = launch(unit, definition, true); !launched) return launched;
    bool died = false;
    Status ready = await_ready(unit, stop, died);
    if (ready || !died || attempt == kAttempts || stop.stop_requested()) return ready;
    parts_.events.tell(definition.resource, ready.error().message(), "started again");
    pause(stop, kPause * attempt);
  }
}

Status Supervisor::start(const UnitDefinition& definition, const std::stop_token& stop,
                         bool keep_trying, bool* started) {
  const UnitPointer unit = unit_of(definition.name);
  const std::lock_guard operation(unit->operation);
  bool running = false;
  {
    const std::lock_guard lock(mutex_);
    running = unit->wanted && unit->container != nullptr && unit->definition != nullptr &&
              unit->definition->spec == definition.spec &&
              (unit->state == UnitState::ready || unit->state == UnitState::unready ||
               unit->state == UnitState::starting);
    if (running && unit->state != UnitState::starting) return {};
  }
  if (started != nullptr) *started = true;
  if (running) {
    bool died = false;
    if (Status ready = await_ready(unit, stop, died); ready || stop.stop_requested()) return ready;
  }
  Status up = bring_up(unit, definition, stop);
  if (up) return {};
  if (keep_trying) {
    hand_over(unit, up.error().message());
    return up;
  }
  if (Status halted = halt(unit); !halted) {
    return std::move(up).error().with_hint("it could not be stopped either: " +
                                           halted.error().message());
  }
  const std::lock_guard lock(mutex_);
  unit->last_error = up.error().message();
  set_state(*unit, UnitState::failed);
  return up;
}

Status Supervisor::halt(const UnitPointer& unit) {
  std::shared_ptr<const host::Container> container;
  std::string resource;
  {
    const std::lock_guard lock(mutex_);
    ++unit->number;
    unit->wanted = false;
    unit->attended = false;
    container = std::exchange(unit->container, nullptr);
    if (unit->definition) resource = unit->definition->resource;
    set_state(*unit, UnitState::stopped);
  }
  parts_.loop.post([this, unit] { unwatch(*unit); });
  if (!container) return {};
  const Result<host::StopOutcome> stopped = container->stop();
  if (!stopped) return stopped.error();
  if (*stopped == host::StopOutcome::killed) {
    parts_.events.tell(resource, "did not stop in time", "killed");
  }
  return container->remove();
}

Status Supervisor::replace(const UnitDefinition& next, const std::stop_token& stop) {
  const UnitPointer unit = unit_of(next.name);
  const std::lock_guard operation(unit->operation);
  std::shared_ptr<const UnitDefinition> old;
  {
    const std::lock_guard lock(mutex_);
    old = unit->definition;
  }
  if (Status halted = halt(unit); !halted) return halted;
  Status up = bring_up(unit, next, stop);
  if (up || !old) return up;
  return put_back(unit, *old, std::move(up).error(), stop);
}

Status Supervisor::put_back(const UnitPointer& unit, const UnitDefinition& old, Error error,
                            const std::stop_token& stop) {
  if (Status halted = halt(unit); !halted) {
    return std::move(error).with_hint("it could not be stopped: " + halted.error().message());
  }
  Status back = bring_up(unit, old, stop);
  if (back) {
    parts_.events.tell(old.resource, error.message(), "the one before was put back");
    return std::move(error).with_hint("the one before was put back and is ready");
  }
  hand_over(unit, back.error().message());
  parts_.events.tell(old.resource, error.message(),
                     "the one before was put back, but is not ready either");
  return std::move(error).with_hint("the one before was put back but is not ready either: " +
                                    back.error().message());
}

void Supervisor::hand_over(const UnitPointer& unit, const std::string& last_error) {
  const std::lock_guard lock(mutex_);
  unit->attended = false;
  unit->wanted = true;
  unit->last_error = last_error;
  if (!unit->died && unit->container) return;
  const std::uint64_t number = unit->number;
  parts_.pool.submit([this, unit, number] { handle_exit(unit, number); });
}

Status Supervisor::relaunch(const UnitPointer& unit, const UnitDefinition& definition) {
  if (Status halted = halt(unit); !halted) return halted;
  Status launched = launch(unit, definition, false);
  if (!launched) hand_over(unit, launched.error().message());
  return launched;
}

Status Supervisor::update(const UnitDefinition& next, bool reload) {
  const UnitPointer unit = unit_of(next.name);
  const std::lock_guard operation(unit->operation);
  {
    const std::lock_guard lock(mutex_);
    if (!unit->container) return Error(ErrorCode::not_found, next.name + " does not run");
    unit->definition = std::make_shared<const UnitDefinition>(next);
  }
  if (Status laid = parts_.launcher.files().lay(next); !laid) return laid;
  if (Status written = parts_.launcher.write_hosts(next); !written) return written;
  if (Status noted = parts_.launcher.note_digest(next); !noted) return noted;
  return reload ? reload_locked(unit) : Status();
}

Status Supervisor::reload_locked(const UnitPointer& unit) {
  std::shared_ptr<const host::Container> container;
  std::shared_ptr<const UnitDefinition> definition;
  {
    const std::lock_guard lock(mutex_);
    container = unit->container;
    definition = unit->definition;
  }
  if (!container || !definition) return {};
  const ReloadDefinition& action = definition->reload;
  const std::string doing = "reloading " + definition->title;
  if (action.signal != 0) {
    Status sent = container->signal(action.signal);
    // Gone meanwhile: it will read the new files when it is started again.
    if (!sent && sent.error().code() == ErrorCode::not_found) return {};
    return sent ? Status() : Status(std::move(sent).error().during(doing));
  }
  if (!action.rewrite.empty()) {
    return parts_.launcher.files().rewrite(*definition, action.rewrite);
  }
  if (!action.command.empty()) {
    const Result<Finished> finished = container->exec(action.command);
    if (!finished) return Error(finished.error()).during(doing);
    if (finished->ok()) return {};
    return Error(ErrorCode::io, join(action.command, " ") + " ended with exit code " +
                                    std::to_string(finished->exit_code) + ": " +
                                    std::string(trim(finished->errors)))
        .during(doing);
  }
  return action.restart ? relaunch(unit, *definition) : Status();
}

Status Supervisor::reload(const std::string& name) {
  const UnitPointer unit = find(name);
  if (!unit) return {};
  const std::lock_guard operation(unit->operation);
  return reload_locked(unit);
}

Status Supervisor::restart(const std::string& name, const std::string& why) {
  const UnitPointer unit = find(name);
  if (!unit) return {};
  const std::lock_guard operation(unit->operation);
  std::shared_ptr<const UnitDefinition> definition;
  {
    const std::lock_guard lock(mutex_);
    if (!unit->wanted || !unit->definition) return {};
    definition = unit->definition;
    ++unit->restarts;
  }
  parts_.events.tell(definition->resource, why, "restarted");
  return relaunch(unit, *definition);
}

Status Supervisor::stop(const std::string& name) {
  const UnitPointer unit = find(name);
  if (!unit) return {};
  const std::lock_guard operation(unit->operation);
  return halt(unit);
}

Status Supervisor::remove(const std::string& name) {
  if (Status stopped = stop(name); !stopped) return stopped;
  {
    const std::lock_guard lock(mutex_);
    units_.erase(name);
  }
  return parts_.launcher.remove(name);
}

Result<bool> Supervisor::adopt(const UnitDefinition& definition) {
  const UnitPointer unit = unit_of(definition.name);
  const std::lock_guard operation(unit->operation);
  Result<host::Container> container = parts_.launcher.find_running(definition);
  if (!container) {
    parts_.events.tell(definition.resource, container.error().message(), "to be started");
    return false;
  }
  const Result<bool> laid = parts_.launcher.take_up(definition, *container);
  if (!laid) return laid.error();
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    unit->definition = std::make_shared<const UnitDefinition>(definition);
    unit->container = std::make_shared<const host::Container>(std::move(*container));
    unit->wanted = true;
    unit->started_at = std::chrono::steady_clock::now();
    number = ++unit->number;
    set_state(*unit, UnitState::starting);
  }
  parts_.loop.post([this, unit, number] { watch(unit, number); });
  if (*laid) {
    parts_.events.tell(definition.resource, "its identity was not as it should be", "laid anew");
    if (Status reloaded = reload_locked(unit); !reloaded) return std::move(reloaded).error();
  }
  return true;
}

std::vector<UnitView> Supervisor::views() const {
  const std::lock_guard lock(mutex_);
  std::vector<UnitView> views;
  for (const auto& [name, unit] : units_) {
    if (!unit->definition) continue;
    views.push_back({unit->definition, unit->container, unit->state, unit->since, unit->restarts,
                     unit->last_error});
  }
  return views;
}

std::optional<UnitView> Supervisor::view(const std::string& name) const {
  for (UnitView& view : views()) {
    if (view.definition->name == name) return std::move(view);
  }
  return std::nullopt;
}

bool Supervisor::any_with_volume(const std::string& volume) const {
  for (const UnitView& view : views()) {
    if (!view.container) continue;
    for (const auto& [name, path] : view.definition->volumes) {
      if (name == volume) return true;
    }
  }
  return false;
}

} // namespace allod::agent
