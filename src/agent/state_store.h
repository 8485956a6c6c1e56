// The inside of State, for its own sources only.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include <sys/stat.h>

#include "agent/sqlite.h"
#include "agent/state.h"

namespace allod::agent {

/// The inode under a path; 0: there is none.
[[nodiscard]] inline std::uint64_t file_number(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_ino : 0;
}

struct State::Store {
  Store(std::string file, Database durable_connection, Database event_connection)
      : path(std::move(file)), durable(std::move(durable_connection)),
        relaxed(std::move(event_connection)), number(file_number(path)) {}

  std::string path;
  std::mutex mutex;
  Database durable;
  Database relaxed;     // events: too many to wait for the disk each time
  std::uint64_t number; // of the file that is open
};

} // namespace allod::agent
