// Debian's packages as apt sees them: allod's own apt folders over the machine's sources and
// keyrings, with an empty package database. apt checks the signatures of the lists; what is read
// here was checked by it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "artifacts/source.h"
#include "base/process.h"

namespace allod::artifacts {

struct DebianPackage {
  std::string name;
  std::string version;
  std::string architecture; ///< "amd64" or "all"
  std::string source;       ///< source package, with its version where that differs
  std::string origin;       ///< "bookworm-security/main"
  Digest digest;
};

class DebianIndex {
 public:
  /// Private lists under the store's cache, renewed when they are older than the options say. One
  /// process at a time, the others wait. Errors: unsupported without apt-get; unavailable.
  static Result<DebianIndex> open(const SourceContext& context);

  /// The packages and all that they need, resolved against nothing installed but `exclude`: what is
  /// excluded does not come, nor what only it would have brought. Errors: not_found, with apt's
  /// words.
  Result<std::vector<DebianPackage>> closure(const std::vector<std::string>& packages,
                                             const std::vector<std::string>& exclude) const;

  /// apt's words when the lists are due and could not be renewed: what is here is from before.
  [[nodiscard]] const std::string& renewal_failure() const { return renewal_failure_; }

  /// Which of these are in the signed lists with this very digest, as "name version".
  Result<std::vector<std::string>> missing(const std::vector<LockedItem>& items) const;

  /// Downloads exact versions into a folder. Errors: unavailable; then the lists are renewed next
  /// time.
  Status download(const std::vector<LockedItem>& items, const std::string& folder) const;

 private:
  DebianIndex(const SourceContext& context, std::string folder, FileLock lock)
      : context_(context), folder_(std::move(folder)), lock_(std::move(lock)) {}
  [[nodiscard]] Command apt(const std::string& program,
                            const std::vector<std::string>& arguments) const;
  Status write_configuration() const;
  Status update();
  /// A package database in which just these are installed.
  Status write_excluded(const std::vector<std::string>& packages, const std::string& path) const;
  /// Calls `take` for every package of the lists.
  Status read_lists(const std::function<void(DebianPackage)>& take) const;

  const SourceContext& context_;
  std::string folder_;
  FileLock lock_;
  std::string renewal_failure_;
};

} // namespace allod::artifacts
