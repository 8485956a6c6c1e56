// What is in an image, from its lock, its tree and the parts in the store.
#pragma once

#include "artifacts/assembled_image.h"
#include "artifacts/sbom/bill.h"
#include "base/result.h"

namespace allod::artifacts {

/// Every part of the image with package URL, version, licence as it is stated, origin and SHA-256;
/// in Java distributions every archive, in Go programs every module that was built in. A part that
/// is no longer in the store is named all the same, with less known of it. Errors: not_found
/// without the tree's listing; io.
Result<Bill> image_bill(const AssembledImage& image, const std::string& architecture,
                        const Store& store);

} // namespace allod::artifacts
