// Waits for changes of files and folders (inotify(7)).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod::check {

class Watch {
 public:
  /// Folders are watched with all below them, files by their folder, so that a file which an
  /// editor renames into place is seen. Hidden folders are left out. Errors: io, for instance when
  /// the machine's limit of watches is reached.
  static Result<Watch> open(const std::vector<std::string>& paths);

  /// Waits until something changed and then nothing for 50 ms; new folders are watched from then
  /// on. Returns false when `interrupt` (a descriptor, or -1) became readable instead.
  Result<bool> wait(int interrupt = -1);

 private:
  explicit Watch(UniqueFd queue) : queue_(std::move(queue)) {}
  Status add(const std::string& folder);
  Status add_tree(const std::string& folder, int depth);
  /// Reads what the queue has; true when it was about something we look at.
  Result<bool> drain();

  UniqueFd queue_;
  std::map<int, std::string> folders_;       ///< by watch
  std::map<std::string, bool> single_files_; ///< full paths of files that are watched alone
  std::map<std::string, bool> whole_;        ///< folders that are watched as a whole
};

} // namespace allod::check
