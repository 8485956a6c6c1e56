// Whether an image comes out the same when it is made once more, elsewhere and at another time.
#pragma once

#include <string>
#include <vector>

#include "artifacts/assembler.h"
#include "artifacts/tree_listing.h"
#include "base/result.h"

namespace allod::artifacts {

struct Rebuild {
  Digest manifest;                         ///< of the second building
  std::vector<TreeDifference> differences; ///< against the listing of the first
  bool same = false; ///< manifest, and with it every byte, is the recorded one
};

/// Builds the image's tree again from its parts in a folder of another name and depth, and
/// compares. The store keeps what it has. Errors: as ensure; not_found when the image is not
/// assembled.
Result<Rebuild> rebuild_image(const ImageDefinition& definition, const ImageLock& catalogue_lock,
                              const Store& store, const AssemblyOptions& options,
                              const Progress& progress);

} // namespace allod::artifacts
