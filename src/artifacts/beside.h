// Files beside an image: made from the finished tree, kept as blobs, mounted over it.
#pragma once

#include <string>
#include <vector>

#include "artifacts/assembled_image.h"
#include "artifacts/assembler.h"
#include "base/result.h"

namespace allod::artifacts {

/// Runs each file's step in a container on the tree, which it cannot write to, and puts the file
/// into the store. Errors: those of the step runner; not_found when a step left no file.
Result<std::vector<KeptBeside>> make_beside(const ImageDefinition& definition,
                                            const std::string& tree, const Store& store,
                                            const AssemblyOptions& options,
                                            const Progress& progress);

/// Lays links to the files at LAYER/beside/PATH, next to the tree: what a unit gets mounted. A blob
/// that is lost or altered gets none; a unit starts without it, only slower. Errors: io.
Status place_beside(const AssembledImage& image, const Store& store);

/// Whether every file that the definition wants is recorded and there.
[[nodiscard]] bool beside_is_whole(const ImageDefinition& definition, const AssembledImage& image,
                                   const Store& store);

} // namespace allod::artifacts
