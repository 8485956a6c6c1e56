// Versions of wheels, Maven artefacts and Go modules: which is newer, which is no release yet.
// Debian's are apt's affair.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "artifacts/source.h"

namespace allod::artifacts {

/// Below 0 when `a` is older: numbers by value, everything else by bytes, part by part. A version
/// that goes on with a word ("2.0-rc1") is older than the one that ends there.
[[nodiscard]] int compare_versions(std::string_view a, std::string_view b);

/// "alpha", "beta", "rc", "cr", "m", "pre", "dev", "snapshot" after a number, or a Go
/// pseudo-version.
[[nodiscard]] bool is_prerelease(std::string_view version);

/// Fills in `patch` and `newest` from the versions that a registry has. False: nothing is newer.
[[nodiscard]] bool choose_newer(const std::vector<std::string>& versions, NewerItem& item);

} // namespace allod::artifacts
