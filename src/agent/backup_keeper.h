// Takes backups, looks at them, and puts them back: what the resources of kind backup say, kept in
// the repository that a unit of kind repository names (docs/backup.md).
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/backup_plan.h"
#include "agent/backup_repository.h"
#include "agent/backup_retention.h"
#include "agent/machinery.h"
#include "agent/reconciler.h"
#include "base/result.h"
#include "document/value.h"
#include "graph/resource.h"

namespace allod::agent {

struct BackupSettings {
  std::string folder;
  std::string secret; ///< the name of the repository's password among the generated secrets
  std::string image_name;
  std::string image_key;
  std::uint64_t memory = 0;
  std::chrono::milliseconds every{0};
  std::chrono::milliseconds log_every{0};
  Retention keep;
};

/// Nothing when the stack has no backup.
[[nodiscard]] std::optional<BackupSettings> backup_settings(const graph::Graph& graph);

/// The last whole backup, as the state remembers it; zeros of what there is none.
struct BackupRecord {
  std::string run;
  Timestamp began;
  std::chrono::milliseconds took{0};
  std::chrono::milliseconds every{0}; ///< as the stack says; zero: it has no backup
  std::int64_t bytes = 0;             ///< read
};
[[nodiscard]] BackupRecord last_backup(State& state, const BackupSettings& settings);

/// Whether a part leads on from the copies of its component's others.
[[nodiscard]] bool is_log(const graph::Resource& part);

/// The name of the file beside the repository that says how it opens.
inline constexpr const char* kBackupKeyFile = "allod-key.json";

/// Under which the state remembers the last whole backup.
inline constexpr const char* kBackupNote = "backup";

/// Calls are made one at a time. Taking is in backup_taking.cpp.
class BackupKeeper {
 public:
  explicit BackupKeeper(Machinery& machinery) : machinery_(machinery) {}

  /// Another folder than the stack's, for a restore; empty: the stack's.
  void read_from(std::string folder) { other_folder_ = std::move(folder); }

  /// A whole backup. {"run", "began", "milliseconds", "bytes", "added", "sets": {NAME: {"bytes",
  /// "added", "milliseconds"}}}. What failed leaves nothing. Errors: unsupported when the stack has
  /// no backup, those of the parts.
  Result<document::Value> take(const graph::Graph& graph, const OnProgress& progress,
                               const std::stop_token& stop);
  /// What logs have got since the last time; false when there is nothing new.
  Result<bool> take_logs(const graph::Graph& graph, const std::stop_token& stop);
  /// {"repository", "stored" (bytes), "backups": [{"run", "began", "ended", "sets": […]}],
  /// "reaches"?}
  Result<document::Value> list(const graph::Graph& graph);
  Status verify(const graph::Graph& graph);
  /// The plan of a restore, and the repository it is read from.
  Result<RestorePlan> plan(const graph::Graph& graph, const RestoreWish& wish);
  /// One part put back.
  Result<std::string> put_back(const graph::Resource& resource, const graph::Graph& graph,
                               const RestorePlan& plan, const std::stop_token& stop);

  /// What was taken before is of another past: the next whole backup is due at once.
  Status begin_anew();
  /// When the next whole backup is due.
  [[nodiscard]] Timestamp whole_due(const BackupSettings& settings);

 private:
  Result<BackupRepository*> open(const graph::Graph& graph, bool make);
  Status write_key_file(const graph::Graph& graph, const BackupSettings& settings);
  Result<Snapshot> take_set(const graph::Resource& resource, const graph::Graph& graph,
                            const std::string& run, const std::stop_token& stop);
  Result<Snapshot> keep_volume(const graph::Resource& resource, const std::string& name,
                               const std::map<std::string, std::string>& tags);
  /// Units that would change what is kept are stopped meanwhile.
  Result<Snapshot> while_stopped(const graph::Resource& resource, const graph::Graph& graph,
                                 const std::stop_token& stop,
                                 const std::function<Result<Snapshot>()>& work);
  Result<Snapshot> take_platform(const graph::Graph& graph, const document::Value& manifest,
                                 const std::string& run);
  Result<UnitDefinition> definition(const graph::Resource& resource, const graph::Graph& graph,
                                    const char* part);
  Status run(const graph::Resource& resource, const graph::Graph& graph, const char* part,
             int input, int output, const std::map<std::string, std::string>& environment,
             const std::stop_token& stop);
  Result<std::string> folder_of(const graph::Resource& resource);
  Status drop_shipped(const graph::Graph& graph);
  Status clean(BackupRepository& repository, const Retention& keep);

  Machinery& machinery_;
  std::optional<BackupRepository> repository_;
  std::string repository_folder_;
  std::string other_folder_;
  std::map<std::string, std::map<std::string, std::int64_t>> shipped_; // set → file → bytes
};

} // namespace allod::agent
