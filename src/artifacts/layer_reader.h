// From the layer of an image back to its tree: the other direction of tar_writer.h.
#pragma once

#include <string>

#include "artifacts/assembled_image.h"
#include "artifacts/store.h"
#include "base/result.h"

namespace allod::artifacts {

/// Unpacks a layer (a tar in a file) into the store as the tree of its digest, unless that is
/// there. What came of it is digested again before it is published. Errors: integrity when the tree
/// does not give the layer's digest back; invalid_input for an archive that is damaged or leaves
/// its folder.
Status import_layer(const Store& store, const std::string& archive, const Digest& layer);

} // namespace allod::artifacts
