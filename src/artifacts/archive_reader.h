// Reading archives of strangers: Debian packages, zips and tars, entry by entry, never to memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <sys/types.h>

#include "base/result.h"

namespace allod::artifacts {

enum class ArchiveKind {
  debian, ///< deb(5): the data.tar member of an ar archive
  zip,    ///< wheels (PEP 427), jars, distributions
  tar,    ///< with any compression
};

struct ArchiveEntry {
  enum class Type { file, directory, symlink, hard_link, other };
  Type type = Type::file;
  std::string path; ///< relative, without "." and "..", no trailing slash; empty: the root itself
  std::string link_target; ///< as written for a symlink, cleaned as `path` for a hard link
  mode_t mode = 0;         ///< permission bits, 0 where a zip has none
  std::uint64_t size = 0;
};

/// "./usr//bin/x" as "usr/bin/x". Errors: invalid_input for "..", an absolute path, a NUL.
Result<std::string> clean_member_path(const std::string& path);

class ArchiveReader {
 public:
  /// Errors: io; invalid_input when it is no such archive.
  static Result<ArchiveReader> open(const std::string& path, ArchiveKind kind);
  ArchiveReader(ArchiveReader&&) noexcept;
  ArchiveReader& operator=(ArchiveReader&&) noexcept;
  ~ArchiveReader();

  /// Moves to the next entry; false at the end. Errors: invalid_input for a damaged archive, a path
  /// that leaves it, or one that unpacks to more than 16 GiB or a million entries.
  Result<bool> next(ArchiveEntry& entry);
  /// Writes the current entry's content to a file. Errors: io, invalid_input.
  Status write_to(int file);
  /// The current entry's content. Errors: as above; invalid_input beyond `limit` bytes.
  Result<std::string> content(std::size_t limit = 1U << 20);

 private:
  struct State;
  explicit ArchiveReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace allod::artifacts
