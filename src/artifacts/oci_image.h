// Images in the terms of the OCI image specification 1.1: manifest, configuration and one layer,
// all decided by their content alone.
//
// The layer is an uncompressed tar ("application/vnd.oci.image.layer.v1.tar"). Compressed bytes
// differ between versions of a compressor, and with them the digest; and nothing is won on the
// machine that assembles, since units run from the unpacked tree. The layer is not even kept: it is
// a function of the tree, and export_oci_layout writes it again, checking that it is the same.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "artifacts/image_definition.h"
#include "artifacts/store.h"
#include "artifacts/tree_listing.h"
#include "base/result.h"

namespace allod::artifacts {

/// The digests of an image's three parts; "sha256:" + manifest.sha256 is what names the image.
struct OciImage {
  Digest manifest;
  Digest config;
  Digest layer;
};

/// The digest of a tree's layer; fills in the SHA-256 of its files. Errors: io.
Result<Digest> digest_layer(const std::string& tree, std::vector<TreeEntry>& entries);

/// Writes configuration (image-spec config.md) and manifest (manifest.md) into the store's blobs.
Result<OciImage> write_oci_documents(const ImageDefinition& definition,
                                     const std::string& architecture, const Digest& layer,
                                     const Store& store);

/// The file oci-layout of an image layout.
inline constexpr const char* kOciLayout = "{\"imageLayoutVersion\":\"1.0.0\"}";
/// The index of a layout that holds these images: (reference, manifest).
[[nodiscard]] std::string oci_index(const std::vector<std::pair<std::string, Digest>>& images);

/// Writes an image layout (image-spec image-layout.md) with one image in it, reference `name`.
/// `folder` may hold a layout of other images already; then this one is added or replaced.
/// Errors: integrity when the tree is no longer what the image's digest says.
Status export_oci_layout(const std::string& name, const OciImage& image, const std::string& tree,
                         const Store& store, const std::string& folder);

} // namespace allod::artifacts
