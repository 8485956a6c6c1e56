// The files of the inputs, one by one: folders depth first, names sorted by their bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod::manifest {

struct FoundFile {
  std::string path;
  std::uint32_t ordinal = 0;
  bool named = false; ///< given by name rather than found in a folder
  /// Set when the path, or the folder, could not be looked at; there is nothing to read then.
  std::optional<Error> error;
};

struct WalkOptions {
  bool respect_ignore_files = true;
};

class FileWalk {
 public:
  FileWalk(std::vector<std::string> paths, WalkOptions options)
      : paths_(std::move(paths)), options_(options) {}

  /// The next file, or nothing when there are no more. Within folders only *.yaml, *.yml and *.json
  /// count, hidden names do not, and symbolic links to folders are not followed.
  std::optional<FoundFile> next();

 private:
  struct Entry {
    std::string name;
    bool folder = false;
  };
  struct Folder {
    std::string path; ///< ends with "/"
    std::vector<Entry> entries;
    std::size_t next = 0;
  };
  std::optional<FoundFile> enter(std::string path, bool named);
  Result<std::vector<Entry>> entries_of(const std::string& path) const;

  std::vector<std::string> paths_;
  WalkOptions options_;
  std::size_t next_path_ = 0;
  std::uint32_t ordinal_ = 0;
  std::vector<Folder> open_;
};

} // namespace allod::manifest
