// One unit in the supervisor's hands; for its own sources only.
#pragma once

#include "agent/supervisor.h"

namespace allod::agent {

struct Supervisor::Unit {
  explicit Unit(std::string unit_name) : name(std::move(unit_name)) {}

  const std::string name;
  std::mutex operation; ///< held while it is started or stopped

  // Guarded by the supervisor's lock.
  std::shared_ptr<const UnitDefinition> definition;
  std::shared_ptr<const host::Container> container;
  std::uint64_t number = 0; ///< of this start or stop
  UnitState state = UnitState::stopped;
  Timestamp since;
  SteadyTime started_at;
  bool wanted = false;   ///< is to run
  bool attended = false; ///< somebody waits for it and decides what to do when it ends
  bool died = false;     ///< while attended
  int restarts = 0;
  int failures = 0; ///< of the probe, in a row
  int probes = 0;   ///< since it was started
  std::uint64_t memory_kills = 0;
  std::string last_error;
  std::string last_answer; ///< of the probe, when it was not ready
  BackOff back_off;

  // On the loop's thread only.
  UniqueFd process;
  UniqueFd monitor;
  EventLoop::TimerId timer = 0;
};

} // namespace allod::agent
