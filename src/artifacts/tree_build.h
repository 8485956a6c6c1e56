// An image's tree from its parts, in whatever folder: what the assembly publishes and what a
// rebuild compares with it.
#pragma once

#include <string>
#include <vector>

#include "artifacts/assembler.h"
#include "artifacts/tree_listing.h"
#include "base/result.h"

namespace allod::artifacts {

struct BuiltTree {
  std::vector<TreeEntry> entries; ///< with the digest of each file
  Digest layer;
  std::vector<std::string> written_by_steps;
};

/// Lays the parts out in `tree` (made if missing, else empty), runs the steps, settles owners,
/// modes and times, and digests what came of it. The parts are in the store. Errors: as ensure.
Result<BuiltTree> build_tree(const ImageDefinition& definition, const ImageLock& lock,
                             const Store& store, const std::string& tree,
                             const AssemblyOptions& options, const Progress& progress);

} // namespace allod::artifacts
