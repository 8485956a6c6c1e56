// What a repository of backups holds, and what of it a restore needs.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/backup_repository.h"
#include "base/result.h"
#include "base/time.h"

namespace allod::agent {

/// The set that ends a backup: the platform's own state and what belongs to the backup.
inline constexpr const char* kPlatformSet = "platform";
inline constexpr const char* kRunTag = "run";     ///< of which backup
inline constexpr const char* kSetTag = "set";     ///< COMPONENT.NAME, or kPlatformSet
inline constexpr const char* kSinceTag = "since"; ///< of a log: the backup that it follows
inline constexpr const char* kUntilTag = "until"; ///< of a log: everything up to then is in it

/// One whole backup: all parts were taken.
struct BackupRun {
  std::string id; ///< "20261124T163000Z"
  Timestamp began;
  Timestamp ended;
  std::map<std::string, Snapshot> sets;
};

/// The whole ones, oldest first.
[[nodiscard]] std::vector<BackupRun> whole_runs(const std::vector<Snapshot>& snapshots);
/// Up to when the logs that follow the last whole backup reach; nothing when there are none.
[[nodiscard]] std::optional<Timestamp> reach_of_logs(const std::vector<Snapshot>& snapshots);

/// What is to be put back.
struct RestorePlan {
  BackupRun run;
  std::optional<Timestamp> at; ///< logs are followed up to here; nothing: as far as they go
  std::map<std::string, std::vector<Snapshot>> logs; ///< set → in order
  Timestamp reaches; ///< what is put back is of this time: the backup's end, or what logs add
};

struct RestoreWish {
  std::string run;             ///< exactly this backup, without logs; empty: the newest that fits
  std::optional<Timestamp> at; ///< as it was then
};

/// Errors: not_found, naming what is nearest.
Result<RestorePlan> plan_restore(const std::vector<Snapshot>& snapshots, const RestoreWish& wish);

/// What nobody needs any more: parts of backups that were not finished or are not in `kept`, logs
/// that follow none of these, and logs that a later one of the same backup holds whole.
[[nodiscard]] std::vector<std::string> superfluous(const std::vector<Snapshot>& snapshots,
                                                   const std::set<std::string>& kept);

/// "20261124T163000Z" for a time.
[[nodiscard]] std::string run_id(Timestamp time);

} // namespace allod::agent
