// A repository of backups as a machine finds it on which its stack may not run, or not be: opened
// with nothing but its folder and the token.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/backup_plan.h"
#include "agent/backup_repository.h"
#include "agent/places.h"
#include "base/result.h"
#include "cli/context.h"
#include "cli/image_service.h"

namespace allod::cli {

class BackupSource {
 public:
  /// Reads the file beside the repository, finds the token that it names and has it unseal the
  /// password. Errors: not_found (no repository, no token: the hint says where it belongs),
  /// integrity or permission (another token).
  static Result<std::unique_ptr<BackupSource>> open(Context& context, const std::string& folder);
  ~BackupSource();
  BackupSource(const BackupSource&) = delete;
  BackupSource& operator=(const BackupSource&) = delete;

  [[nodiscard]] const std::string& stack() const { return places_.stack; }
  [[nodiscard]] const agent::Places& places() const { return places_; }
  Result<agent::RestorePlan> plan(const agent::RestoreWish& wish);
  /// What belongs to a backup: {"graph", "authority": {FILE: PEM}, …}.
  Result<document::Value> manifest(const agent::BackupRun& run);
  /// Writes the platform's state of a backup to a path.
  Status state(const agent::BackupRun& run, const std::string& path);

 private:
  explicit BackupSource(agent::Places places) : places_(std::move(places)) {}
  Status read(const agent::BackupRun& run, const std::string& file, const std::string& path);
  [[nodiscard]] std::string run_folder() const { return places_.run() + "-restore"; }
  agent::Places places_;
  std::optional<agent::BackupRepository> repository_;
};

} // namespace allod::cli
