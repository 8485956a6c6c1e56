#include "agent/backup_retention.h"

#include <algorithm>
#include <functional>

namespace allod::agent {
namespace {

using std::chrono::days;
using std::chrono::floor;

std::int64_t day_of(Timestamp time) {
  return floor<days>(time).time_since_epoch().count();
}

/// 1 January 1970 was a Thursday: weeks that begin on Mondays.
std::int64_t week_of(Timestamp time) {
  const std::int64_t shifted = day_of(time) + 3;
  return shifted >= 0 ? shifted / 7 : (shifted - 6) / 7;
}

} // namespace

std::set<std::string> runs_to_keep(std::vector<KeptRun> runs, const Retention& retention) {
  std::sort(runs.begin(), runs.end(),
            [](const KeptRun& a, const KeptRun& b) { return a.time > b.time; });
  std::set<std::string> kept;
  const auto keep_periods = [&](std::int64_t count,
                                const std::function<std::int64_t(Timestamp)>& period) {
    std::set<std::int64_t> seen;
    for (const KeptRun& run : runs) {
      if (static_cast<std::int64_t>(seen.size()) >= count) return;
      if (seen.insert(period(run.time)).second) kept.insert(run.id);
    }
  };
  const auto newest = static_cast<std::size_t>(std::max<std::int64_t>(retention.last, 1));
  for (std::size_t i = 0; i < std::min(newest, runs.size()); ++i)
    kept.insert(runs[i].id);
  keep_periods(retention.daily, day_of);
  keep_periods(retention.weekly, week_of);
  return kept;
}

} // namespace allod::agent
