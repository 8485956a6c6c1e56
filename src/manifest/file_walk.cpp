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

Result<std::vector<FileWalk::Entry>> FileWalk::entries_of(const std::string& path) {
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

Recipe FileWalk::recipe_of(const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    if (entry.folder) continue;
    if (entry.name == "Chart.yaml") return Recipe::helm;
    for (const char* name : {"kustomization.yaml", "kustomization.yml"}) {
      if (entry.name == name) return Recipe::kustomize;
    }
  }
  return Recipe::none;
}

FoundFile FileWalk::found(std::string path, bool named, std::optional<Error> error) {
  FoundFile file;
  file.path = std::move(path);
  file.ordinal = ordinal_++;
  file.named = named;
  file.error = std::move(error);
  return file;
}

std::optional<FoundFile> FileWalk::enter(std::string path, bool named,
                                         std::shared_ptr<const IgnoreRules> rules) {
  Result<std::vector<Entry>> entries = entries_of(path);
  if (!entries) return found(path, named, std::move(entries).error());
  if (const Recipe recipe = options_.render ? recipe_of(*entries) : Recipe::none;
      recipe != Recipe::none) {
    FoundFile file = found(std::move(path), named);
    file.recipe = recipe;
    return file;
  }
  if (!path.ends_with('/')) path += '/';
  if (options_.respect_ignore_files) rules = rules_in(path, std::move(rules));
  open_.push_back(Folder{std::move(path), *std::move(entries), 0, std::move(rules)});
  return std::nullopt;
}

std::optional<FoundFile> FileWalk::next() {
  while (true) {
    if (open_.empty()) {
      if (next_path_ == paths_.size()) return std::nullopt;
      const std::string& path = paths_[next_path_++];
      if (path == "-") return found(path, true);
      struct stat status {};
      if (::stat(path.c_str(), &status) != 0) {
        return found(path, true, unreadable(path, errno));
      }
      if (!S_ISDIR(status.st_mode)) return found(path, true);
      std::shared_ptr<const IgnoreRules> rules;
      if (options_.respect_ignore_files) rules = rules_above(path);
      if (std::optional<FoundFile> failed = enter(path, true, std::move(rules))) return failed;
      continue;
    }
    Folder& folder = open_.back();
    if (folder.next == folder.entries.size()) {
      open_.pop_back();
      continue;
    }
    const Entry& entry = folder.entries[folder.next++];
    std::string path = folder.path + entry.name;
    if (folder.rules && folder.rules->ignores(path, entry.folder)) continue;
    if (!entry.folder) return found(std::move(path), false);
    if (std::optional<FoundFile> failed = enter(std::move(path), false, folder.rules))
      return failed;
  }
}

} // namespace allod::manifest
