// .gitignore files: which files of a tree are not meant to be looked at (gitignore(5)).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace allod::manifest {

/// Whether a glob matches a whole path. "*" and "?" stop at "/", "**" between slashes matches any
/// number of folders; "[a-z]", "[!a]" and "\" work as in a shell. Takes at most time in proportion
/// to the product of both lengths.
[[nodiscard]] bool matches_glob(std::string_view glob, std::string_view path);

/// The rules of one .gitignore, which hold below its folder, and those of the folders above.
class IgnoreRules {
 public:
  /// `text`: of the .gitignore. `folder`: paths that are asked for start with it; "lead/" is put in
  /// its place, when the file lies above the folder that is walked.
  IgnoreRules(std::string_view text, std::size_t folder_length, std::string lead,
              std::shared_ptr<const IgnoreRules> above);

  /// Whether the rules of this file or of one above leave out `path`. The last rule of the nearest
  /// file that has one for it decides.
  [[nodiscard]] bool ignores(std::string_view path, bool is_folder) const;

 private:
  struct Rule {
    std::string glob;
    bool negated = false;
    bool folders_only = false;
    bool whole_path = false; ///< the glob is about the path below the file's folder, not the name
  };
  std::vector<Rule> rules_;
  std::size_t folder_length_;
  std::string lead_;
  std::shared_ptr<const IgnoreRules> above_;
};

/// The rules that hold in a folder because of .gitignore files above it, up to the top of its Git
/// repository; null when it is in none or there are none.
[[nodiscard]] std::shared_ptr<const IgnoreRules> rules_above(const std::string& folder);

/// `above` with the rules of a folder's own .gitignore. `folder` ends with "/".
[[nodiscard]] std::shared_ptr<const IgnoreRules> rules_in(const std::string& folder,
                                                          std::shared_ptr<const IgnoreRules> above);

} // namespace allod::manifest
