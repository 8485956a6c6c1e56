// Writing an unpacked image: nothing that an archive says can reach outside of the folder. The
// kernel confines every path (openat2(2), RESOLVE_IN_ROOT), so links among the parts are followed
// as they will be in the container.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod::artifacts {

/// May be used from several threads. `order` is the place of a part in its image: where two parts
/// bring the same file, the later one wins whichever is unpacked first.
class TreeWriter {
 public:
  /// Of an existing folder. Errors: io.
  static Result<TreeWriter> open(const std::string& root);
  TreeWriter(TreeWriter&&) noexcept;
  ~TreeWriter();

  // Paths are relative to the root and clean (archive_reader.h); folders on the way are made.
  Status make_directory(const std::string& path, mode_t mode = 0755);
  /// A new file open for reading and writing, or a closed descriptor when a later part already
  /// brought this path. Set-user-id and set-group-id are not kept.
  Result<UniqueFd> make_file(const std::string& path, mode_t mode, int order);
  /// Absolute targets are rewritten to relative ones, so that they mean the same seen from outside.
  /// Errors: invalid_input for a target above the root.
  Status make_symlink(const std::string& path, const std::string& target, int order);
  /// Errors: not_found when the target is not there.
  Status make_hard_link(const std::string& path, const std::string& target, int order);

  /// Two parts made a folder and a link of one path: what came of it depends on the order of
  /// unpacking, so parts must be unpacked one after the other.
  [[nodiscard]] bool order_matters() const;
  [[nodiscard]] const std::string& root() const { return root_; }

 private:
  struct Shared;
  struct Parent {
    UniqueFd folder;
    std::string real; ///< its path in the tree with links followed
  };
  TreeWriter(std::string root, UniqueFd folder);
  Result<Parent> open_parent(const std::string& path);
  Result<UniqueFd> open_folder(const std::string& path);
  Result<bool> claim(const Parent& parent, const std::string& name, int order);

  std::string root_;
  UniqueFd folder_;
  std::unique_ptr<Shared> shared_;
};

/// The target of a link in `folder` (relative, links followed) so that it does not start at the
/// root and stays below it. Errors: invalid_input.
Result<std::string> confined_target(const std::string& folder, const std::string& target);

} // namespace allod::artifacts
