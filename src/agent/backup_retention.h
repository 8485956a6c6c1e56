// Which backups stay when the others go.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"

namespace allod::agent {

struct Retention {
  std::int64_t last = 3;   ///< so many of the newest
  std::int64_t daily = 7;  ///< the last of each of so many days (UTC) that have one
  std::int64_t weekly = 4; ///< the last of each of so many weeks (from Monday) that have one
};

struct KeptRun {
  std::string id;
  Timestamp time;
};

/// The ids that stay. The newest always does.
[[nodiscard]] std::set<std::string> runs_to_keep(std::vector<KeptRun> runs,
                                                 const Retention& retention);

} // namespace allod::agent
