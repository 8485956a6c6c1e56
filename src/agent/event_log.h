// Where events go: the state file, the agent's log, and whoever follows them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "agent/event.h"
#include "agent/state.h"

namespace allod::agent {

/// Calls are safe from several threads.
class EventLog {
 public:
  using Subscriber = std::function<void(const Event&)>; ///< called on the thread that tells

  /// The state must outlive the log. `log` gets every event as one JSON line as well.
  explicit EventLog(State& state, std::function<void(const std::string& line)> log = {});

  /// Gives the event its time and number, and tells everybody. Never fails: what cannot be written
  /// is said in the log.
  void tell(Event event);
  /// `resource` also names the component: unit/COMPONENT.NAME.
  void tell(const std::string& resource, std::string what, std::string action = {},
            std::string detail = {});

  std::uint64_t subscribe(Subscriber subscriber);
  void unsubscribe(std::uint64_t subscription);

 private:
  State& state_;
  std::function<void(const std::string&)> log_;
  std::mutex mutex_;
  std::map<std::uint64_t, Subscriber> subscribers_;
  std::uint64_t last_subscription_ = 0;
};

/// "postgresql" of "unit/postgresql.server"; "" for what has no component.
[[nodiscard]] std::string component_of(const std::string& resource);
/// "postgresql.server" of "unit/postgresql.server".
[[nodiscard]] std::string name_of(const std::string& resource);

} // namespace allod::agent
