// One build of a Go program: toolchain, module, compiler.
#pragma once

#include <string>
#include <vector>

#include "artifacts/source.h"
#include "base/process.h"

namespace allod::artifacts {

/// A module as Go names it: path, version and the h1 sum that the checksum database vouches for.
struct GoModule {
  std::string path;
  std::string version;
  std::string sum;
};

/// Where the toolchain of a wheel lies unpacked; unpacks it once. The wheel must be in the store.
Result<std::string> unpack_toolchain(const LockedItem& toolchain, const SourceContext& context);

class GoBuild {
 public:
  /// `toolchain` is unpack_toolchain's folder. One build at a time on a machine.
  static Result<GoBuild> open(const GoPart& part, const std::string& toolchain,
                              const SourceContext& context);

  /// Fetches the module (or copies the provider's folder). Errors: not_found, unavailable.
  Result<GoModule> fetch_module();
  /// Every version of the module that the proxy knows. Errors: unavailable.
  Result<std::vector<std::string>> versions() const;
  /// SHA-256 of the module's go.sum, which pins its whole build list.
  Result<std::string> sums_digest() const;
  /// The path of the built program. Errors: invalid_input with the compiler's words.
  Result<std::string> build();
  /// The modules that were compiled in (`go version -m`).
  Result<std::vector<GoModule>> modules() const;

 private:
  GoBuild(const GoPart& part, std::string toolchain, const SourceContext& context,
          std::string cache, FileLock lock, TemporaryFolder folder);
  [[nodiscard]] Command go(const std::vector<std::string>& arguments) const;

  const GoPart& part_;
  std::string toolchain_;
  const SourceContext& context_;
  std::string cache_;
  FileLock lock_;
  TemporaryFolder folder_;
};

} // namespace allod::artifacts
