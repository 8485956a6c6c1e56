// Files and folders: whole reads, writes that are renamed into place, trees, locks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod {

/// The whole content. Errors: not_found, permission, io; invalid_input if larger than `limit`
/// bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit = 64U << 20);

struct WriteOptions {
  mode_t mode = 0600;
  uid_t owner = static_cast<uid_t>(-1); ///< -1 leaves the owner
  gid_t group = static_cast<gid_t>(-1);
  bool sync = false; ///< fsync the file and its folder: survives a power cut once it returns
};

/// Writes to a temporary file beside `path` and renames it into place: a reader sees the old or the
/// new content whole, never a part.
Status write_file(const std::string& path, std::string_view content,
                  const WriteOptions& options = {});

/// mkdir -p. The mode holds for the folders that are made.
Status make_directories(const std::string& path, mode_t mode = 0755);
/// Removes a file or a tree; a missing one is no error. Never follows symbolic links and never
/// crosses into another file system.
Status remove_tree(const std::string& path);
[[nodiscard]] bool exists(const std::string& path);
[[nodiscard]] bool is_directory(const std::string& path);
/// Names in a folder, sorted, without "." and "..".
Result<std::vector<std::string>> list_directory(const std::string& path);
/// Bytes that files in a tree occupy on disk.
[[nodiscard]] std::uint64_t disk_usage(const std::string& path);
/// Free bytes for root on the file system that holds `path` or its nearest existing ancestor.
[[nodiscard]] std::uint64_t free_space(const std::string& path);

/// A lock on a file, held until the object dies (flock(2)).
class FileLock {
 public:
  /// Waits for the lock. The file is made if it is missing.
  static Result<FileLock> acquire(const std::string& path);
  /// Errors: conflict when another process holds it.
  static Result<FileLock> try_acquire(const std::string& path);
  /// Text in the lock file, for instance who holds it.
  Status write_note(std::string_view note);

 private:
  explicit FileLock(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

} // namespace allod
