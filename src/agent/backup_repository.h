// An encrypted repository of backups: restic in a container of its own, which sees the repository,
// what it is to keep, and no network (https://restic.readthedocs.io/en/stable/100_references.html).
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "document/value.h"
#include "host/container.h"

namespace allod::agent {

/// Something that was kept at one time.
struct Snapshot {
  std::string id;   ///< 64 hex digits
  std::string path; ///< "/postgresql.base", or the folder that was kept
  Timestamp time;   ///< when it began to be kept
  std::map<std::string, std::string> tags;
  std::int64_t bytes = 0; ///< read; only of one that was just kept
  std::int64_t added = 0; ///< written to the repository; likewise
};

struct RepositoryPlace {
  host::Runtime runtime;
  host::HostPaths paths;
  std::string rootfs;          ///< of the image with restic
  std::string folder;          ///< of the machine
  std::string password_folder; ///< in memory; its file `password` is what opens the repository
  document::Value seccomp;     ///< null: no filter
  std::uint64_t memory = 0;    ///< bytes; 0: no limit
};

/// Calls are made one at a time, except that one may read while another keeps nothing. Errors of
/// all: permission (the password does not open it), not_found (there is no repository), integrity
/// (it is damaged), io (no space; restic's own words).
class BackupRepository {
 public:
  explicit BackupRepository(RepositoryPlace place) : place_(std::move(place)) {}

  [[nodiscard]] bool there() const;
  /// Makes it unless it is there.
  Status ensure();
  /// Keeps what comes from a descriptor, until its end, as a file of this name.
  Result<Snapshot> keep_stream(int input, const std::string& name,
                               const std::map<std::string, std::string>& tags);
  /// Keeps folders of the machine, by the names that they get below `source/`; one without a name
  /// is `source` itself.
  Result<Snapshot> keep_folders(const std::map<std::string, std::string>& folders,
                                const std::map<std::string, std::string>& tags);
  /// All of them, oldest first.
  Result<std::vector<Snapshot>> snapshots();
  /// Writes a kept stream to a descriptor, or a kept folder as a tar archive.
  Status read(const Snapshot& snapshot, int output);
  Status forget(const std::vector<std::string>& ids);
  /// Frees what no snapshot holds any more.
  Status prune();
  /// Reads all of it and compares with what it says of itself. Errors: integrity with what is
  /// damaged.
  Status verify();

 private:
  using Folders = std::map<std::string, std::string>;
  Result<Finished> call(std::vector<std::string> arguments, host::StepOptions options,
                        const Folders& sources);
  Result<std::string> said(std::vector<std::string> arguments);
  Result<Snapshot> keep(std::vector<std::string> arguments, int input, const Folders& sources,
                        const std::map<std::string, std::string>& tags);
  RepositoryPlace place_;
};

} // namespace allod::agent
