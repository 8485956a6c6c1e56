// The inside of State, for its own sources only.
#pragma once

#include <mutex>
#include <string>
#include <utility>

#include "agent/sqlite.h"
#include "agent/state.h"

namespace allod::agent {

struct State::Store {
  Store(std::string file, Database durable_connection, Database event_connection)
      : path(std::move(file)), durable(std::move(durable_connection)),
        relaxed(std::move(event_connection)) {}

  std::string path;
  std::mutex mutex;
  Database durable;
  Database relaxed; // events: too many to wait for the disk each time
};

} // namespace allod::agent
