#include "manifest/file_walk.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

namespace allod::manifest {
namespace {

bool has_text_suffix(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

Error unreadable(const std::string& path, int number) {
  Error error = errno_error("reading " + path, number);
  if (number == ELOOP) {
    return std::move(error)
        .at(Place{path, 0, 0, 0})
        .with_hint("symbolic links lead in a circle here: remove one of them");
  }
  return std::move(error).at(Place{path, 0, 0, 0});
}

} // namespace

Result<std::vector<FileWalk::Entry>> FileWalk::entries_of(const std::string& path) const {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  if (!folder) return unreadable(path, errno);
  std::vector<Entry> entries;
  while (true) {
    errno = 0;
    const dirent* const found = ::readdir(folder.get());
    if (found == nullptr) {
      if (errno != 0) return unreadable(path, errno);
      break;
    }
    const std::string_view name = found->d_name;
    if (name.starts_with('.')) continue;
    bool is_folder = found->d_type == DT_DIR;
    if (found->d_type == DT_UNKNOWN) {
      struct stat status {};
      is_folder =
          ::fstatat(::dirfd(folder.get()), found->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISDIR(status.st_mode);
    }
    if (found->d_type == DT_LNK && has_text_suffix(name)) {
      // A link to a folder may be called x.yaml.
      struct stat status {};
      if (::fstatat(::dirfd(folder.get()), found->d_name, &status, 0) == 0 &&
          S_ISDIR(status.st_mode)) {
        continue;
      }
    }
    if (is_folder || has_text_suffix(name)) entries.push_back({std::string(name), is_folder});
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

std::optional<FoundFile> FileWalk::enter(std::string path, bool named) {
  Result<std::vector<Entry>> entries = entries_of(path);
  if (!entries) return FoundFile{path, ordinal_++, named, std::move(entries).error()};
  if (!path.ends_with('/')) path += '/';
  open_.push_back(Folder{std::move(path), *std::move(entries), 0});
  return std::nullopt;
}

std::optional<FoundFile> FileWalk::next() {
  while (true) {
    if (open_.empty()) {
      if (next_path_ == paths_.size()) return std::nullopt;
      const std::string& path = paths_[next_path_++];
      if (path == "-") return FoundFile{path, ordinal_++, true, std::nullopt};
      struct stat status {};
      if (::stat(path.c_str(), &status) != 0) {
        return FoundFile{path, ordinal_++, true, unreadable(path, errno)};
      }
      if (!S_ISDIR(status.st_mode)) return FoundFile{path, ordinal_++, true, std::nullopt};
      if (std::optional<FoundFile> failed = enter(path, true)) return failed;
      continue;
    }
    Folder& folder = open_.back();
    if (folder.next == folder.entries.size()) {
      open_.pop_back();
      continue;
    }
    const Entry& entry = folder.entries[folder.next++];
    std::string path = folder.path + entry.name;
    if (!entry.folder) return FoundFile{std::move(path), ordinal_++, false, std::nullopt};
    if (std::optional<FoundFile> failed = enter(std::move(path), false)) return failed;
  }
}

} // namespace allod::manifest
