// What the agent looks at in itself and below it, at every turn: its state file, the token, room on
// disk and volumes, the clock. What is amiss is a trouble until it is over.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "agent/agent_options.h"
#include "agent/event_log.h"
#include "agent/machinery.h"
#include "agent/state.h"
#include "agent/troubles.h"

namespace allod::agent {

/// Fewer free bytes than this of a file system are an emergency, whatever its size.
inline constexpr std::uint64_t kLeastRoom = 8U << 20;

/// On one thread.
class Health {
 public:
  Health(const AgentOptions& options, State& state, EventLog& events, Troubles& troubles)
      : options_(options), state_(state), events_(events), troubles_(troubles) {}

  /// `machinery` may be null: the stack was not taken up.
  void look(Machinery* machinery);

 private:
  void look_at_state();
  void look_at_clock();
  void look_at_token(Machinery& machinery);
  void look_at_room(const std::string& key, const std::string& resource, const std::string& what,
                    const std::string& path, const std::string& way_out);

  const AgentOptions& options_;
  State& state_;
  EventLog& events_;
  Troubles& troubles_;
  std::optional<std::chrono::milliseconds> clock_lead_; // of the wall clock over the steady one
};

} // namespace allod::agent
