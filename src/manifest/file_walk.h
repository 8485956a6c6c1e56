// The files of the inputs, one by one: folders depth first, names sorted by their bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "manifest/ignore.h"
#include "manifest/render.h"

namespace allod::manifest {

struct FoundFile {
  std::string path;
  std::uint32_t ordinal = 0;
  Recipe recipe = Recipe::none; ///< a folder that a tool makes objects from
  bool named = false;           ///< given by name rather than found in a folder
  /// Set when the path, or the folder, could not be looked at; there is nothing to read then.
  std::optional<Error> error;
};

struct WalkOptions {
  bool respect_ignore_files = true;
  bool render = true; ///< charts and kustomizations are one thing each
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
    std::shared_ptr<const IgnoreRules> rules; ///< null: there are none
  };
  std::optional<FoundFile> enter(std::string path, bool named,
                                 std::shared_ptr<const IgnoreRules> rules);
  [[nodiscard]] FoundFile found(std::string path, bool named,
                                std::optional<Error> error = std::nullopt);
  static Recipe recipe_of(const std::vector<Entry>& entries);
  static Result<std::vector<Entry>> entries_of(const std::string& path);

  std::vector<std::string> paths_;
  WalkOptions options_;
  std::size_t next_path_ = 0;
  std::uint32_t ordinal_ = 0;
  std::vector<Folder> open_;
};

} // namespace allod::manifest
