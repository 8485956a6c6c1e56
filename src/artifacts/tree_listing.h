// What a tree consists of: every path with its mode, size and SHA-256, sorted. From it come the
// layer of the OCI image and the later check whether the tree is still what was assembled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace allod::artifacts {

struct TreeEntry {
  enum class Type { directory, file, symlink };
  Type type = Type::file;
  std::string path; ///< relative to the root, "" never
  mode_t mode = 0;
  std::uint64_t size = 0;
  std::string target; ///< of a symlink
  std::string sha256; ///< of a file
  bool operator==(const TreeEntry&) const = default;
};

/// Every time in an image: 2000-01-01T00:00:00Z. Late enough for what cannot say 1970 (zip), early
/// enough for what must not lie in the future.
inline constexpr std::int64_t kImageTime = 946'684'800;

/// Gives every file and folder a mode of 0644 or 0755 (1777 where it was), root as its owner and
/// kImageTime; a device, a socket or a pipe is an error (invalid_input). Runs before each assembly
/// step too: Java's caches hold the times of the archives that they were made from.
Status normalise_tree(const std::string& root);

/// Files that were written since the tree was last normalised: what an assembly step brought.
Result<std::vector<std::string>> changed_files(const std::string& root);

/// The entries below a root, sorted by path, without digests.
Result<std::vector<TreeEntry>> scan_tree(const std::string& root);

/// The listing as a text in the form of mtree(5), and back.
[[nodiscard]] std::string format_listing(const std::vector<TreeEntry>& entries);
/// Errors: invalid_input.
Result<std::vector<TreeEntry>> parse_listing(std::string_view text);

struct TreeDifference {
  std::string path;
  std::string what; ///< "missing", "content altered", "mode altered", "added", …
};

/// Reads every file of the tree and compares. Empty files and folders that were added do not count:
/// container runtimes make them where they mount something.
Result<std::vector<TreeDifference>> compare_tree(const std::string& root,
                                                 const std::vector<TreeEntry>& expected);

/// What two listings differ in, by path.
[[nodiscard]] std::vector<TreeDifference> compare_listings(const std::vector<TreeEntry>& expected,
                                                           const std::vector<TreeEntry>& actual);

} // namespace allod::artifacts
