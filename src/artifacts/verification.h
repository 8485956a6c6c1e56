// Whether what the store holds of an image is still what was put there.
#pragma once

#include <string>
#include <vector>

#include "artifacts/assembled_image.h"
#include "artifacts/tree_listing.h"
#include "base/result.h"

namespace allod::artifacts {

struct Verification {
  std::vector<Error> parts;          ///< altered blobs; each is in quarantine already
  std::vector<TreeDifference> files; ///< of the unpacked tree
  std::uint64_t bytes_read = 0;
  [[nodiscard]] bool ok() const { return parts.empty() && files.empty(); }
};

/// Reads all blobs and all files of an image. Blobs that are not there are no finding: they may
/// have been collected once the image was assembled. Errors: not_found without a listing; io.
Result<Verification> verify_image(const AssembledImage& image, const Store& store);

/// Drops an image's record and tree, so that the next ensure assembles it again from its parts. The
/// units that run from the tree must have been stopped.
Status discard_image(const AssembledImage& image, const Store& store);

/// What collect_garbage must leave for these images; `parts`: also what they were made of, so that
/// they can be assembled again without a network.
[[nodiscard]] KeepSet keep_images(const std::vector<AssembledImage>& images, bool parts);

} // namespace allod::artifacts
