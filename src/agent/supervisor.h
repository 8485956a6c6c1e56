// Keeps units running: starts them and waits until they are ready, restarts what dies or stops
// answering, puts the old one back when a new one does not come up, takes up what an earlier agent
// started.
//
// Each unit has a lock for its life cycle, held by whoever starts or stops it. What the loop and
// the probes see of it is guarded by one lock over all, never held while something is waited for. A
// number that grows with every start and stop tells late news of an earlier process apart.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/back_off.h"
#include "agent/event_log.h"
#include "agent/event_loop.h"
#include "agent/probe.h"
#include "agent/unit_definition.h"
#include "agent/unit_launcher.h"
#include "agent/worker_pool.h"
#include "base/result.h"
#include "base/time.h"
#include "host/container.h"

namespace allod::agent {

enum class UnitState { starting, ready, unready, restarting, stopped, failed };
[[nodiscard]] const char* to_string(UnitState state);

/// A unit as others may see it.
struct UnitView {
  std::shared_ptr<const UnitDefinition> definition;
  std::shared_ptr<const host::Container> container; ///< null: there is none
  UnitState state = UnitState::stopped;
  Timestamp since;
  int restarts = 0; ///< by the supervisor, since this agent has it
  std::string last_error;
};

class Supervisor {
 public:
  struct Parts {
    UnitLauncher& launcher;
    EventLoop& loop;
    WorkerPool& pool;
    EventLog& events;
    ProbePlace probe_place; ///< `peer` is set per component
    std::function<Result<trust::SpiffeId>(const std::string& component)> identity_of;
    std::function<void()> on_doubt; ///< a unit that was ready does not answer
  };
  explicit Supervisor(Parts parts);
  ~Supervisor();

  // Life cycle. Each blocks; from any thread but the loop's; one at a time for each unit.

  /// Starts a unit and waits until it is ready; one that runs as defined is only waited for.
  /// Errors: timeout or io with the details "probe", "last log", "see". The unit is then stopped,
  /// or with `keep_trying` left to the supervisor. `started` becomes true when something had to be
  /// done.
  Status start(const UnitDefinition& unit, const std::stop_token& stop, bool keep_trying,
               bool* started = nullptr);
  /// Stops the old one and starts the new one. If that does not come up, the old one is put back
  /// and the error says so.
  Status replace(const UnitDefinition& next, const std::stop_token& stop);
  /// Takes up what changed without a restart: probes, stop, hosts, files. `reload` also does the
  /// unit's reload action.
  Status update(const UnitDefinition& next, bool reload);
  /// What the unit does with renewed files: docs/catalogue.md, identity.reload. A unit that does
  /// not run is no error.
  Status reload(const std::string& name);
  Status restart(const std::string& name, const std::string& why);
  /// Stops a unit for good; unknown is no error.
  Status stop(const std::string& name);
  /// stop(), and everything that was laid for it goes.
  Status remove(const std::string& name);
  /// Takes up a unit that runs as defined; false when it does not run (and is not started).
  Result<bool> adopt(const UnitDefinition& unit);

  [[nodiscard]] std::vector<UnitView> views() const;
  [[nodiscard]] std::optional<UnitView> view(const std::string& name) const;
  [[nodiscard]] bool any_with_volume(const std::string& volume) const;
  /// Compares files and namespaces of all units with what they should be, and puts them right.
  void repair();

  /// Lets the units be: no more restarts, no more probes. For the agent's end.
  void let_go();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Milliseconds = std::chrono::milliseconds;
  struct Unit;
  using UnitPointer = std::shared_ptr<Unit>;
  struct Waited {
    std::string answer; ///< of the probe
    Milliseconds time;
    bool died;
  };

  // supervisor.cpp: the life cycle, with the unit's lock held.
  UnitPointer unit_of(const std::string& name);
  [[nodiscard]] UnitPointer find(const std::string& name) const;
  Status launch(const UnitPointer& unit, const UnitDefinition& definition, bool attended);
  Status bring_up(const UnitPointer& unit, const UnitDefinition& definition,
                  const std::stop_token& stop);
  Status await_ready(const UnitPointer& unit, const std::stop_token& stop, bool& died);
  Status halt(const UnitPointer& unit);
  Status put_back(const UnitPointer& unit, const UnitDefinition& old, Error error,
                  const std::stop_token& stop);
  Status reload_locked(const UnitPointer& unit);
  Status relaunch(const UnitPointer& unit, const UnitDefinition& definition);
  void hand_over(const UnitPointer& unit, const std::string& last_error);
  void set_state(Unit& unit, UnitState state);
  [[nodiscard]] Error not_ready_error(const UnitDefinition& definition,
                                      const host::Container* container, const Waited& waited) const;

  // supervisor_watch.cpp: what happens to running units.
  void watch(const UnitPointer& unit, std::uint64_t number);
  void unwatch(Unit& unit);
  void on_exit(const UnitPointer& unit, std::uint64_t number);
  void on_monitor_gone(const UnitPointer& unit, std::uint64_t number);
  void schedule_probe(const UnitPointer& unit, std::uint64_t number, Milliseconds delay);
  void probe(const UnitPointer& unit, std::uint64_t number);
  void take_answer(const UnitPointer& unit, std::uint64_t number, const Status& answer);
  [[nodiscard]] bool stands_by_itself(const UnitDefinition& definition) const;
  void look_for_memory_kills(const UnitPointer& unit);
  void handle_exit(const UnitPointer& unit, std::uint64_t number);
  void restart_later(const UnitPointer& unit, const std::string& what, const std::string& detail);
  void start_again(const UnitPointer& unit, std::uint64_t number);
  void submit_restart(const UnitPointer& unit, std::uint64_t number, const std::string& what,
                      const std::string& detail);

  Parts parts_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, UnitPointer> units_;
  bool let_go_ = false;
};

} // namespace allod::agent
