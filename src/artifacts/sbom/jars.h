// The Java archives in an image: each is somebody's artefact, whatever brought it.
#pragma once

#include <string>
#include <vector>

#include "artifacts/sbom/bill.h"
#include "artifacts/tree_listing.h"

namespace allod::artifacts {

/// One part per archive of the tree that says which artefact it is: by its pom.properties, or by
/// its manifest and file name. Archives that several artefacts were put into are one part, with
/// those in it. `entries` is the tree's listing. What cannot be read is left out and counted.
struct JarParts {
  std::vector<BillPart> parts;
  std::size_t unnamed = 0; ///< archives that do not say what they are
};
[[nodiscard]] JarParts jar_parts(const std::string& tree, const std::vector<TreeEntry>& entries);

} // namespace allod::artifacts
