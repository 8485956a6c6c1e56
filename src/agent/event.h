// Something that happened in a stack, and what was done about it.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "document/value.h"

namespace allod::agent {

struct Event {
  std::int64_t id = 0; ///< grows by one; 0: not written yet
  Timestamp time;
  std::string component;
  std::string resource; ///< an id of the graph, or empty
  std::string what;     ///< what happened: "exited with 137", "certificate at half its life"
  std::string action;   ///< what was done about it: "restarted", "renewed"; may be empty
  std::string detail;   ///< never a secret
};

/// {"id", "time", "component", "resource", "what", "action", "detail"}; time in RFC 3339.
[[nodiscard]] document::Value to_value(const Event& event);

} // namespace allod::agent
