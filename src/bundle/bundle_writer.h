// Writes a bundle: one uncompressed tar that is an OCI image layout as well.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "artifacts/assembled_image.h"
#include "base/result.h"
#include "bundle/contents.h"
#include "trust/dsse.h"

namespace allod::bundle {

struct ImageToBundle {
  std::string name; ///< PROVIDER/IMAGE
  artifacts::AssembledImage image;
  std::string sbom; ///< SPDX 2.3 in JSON; empty: none
};

struct BundleRequest {
  std::string version;
  std::string architecture;
  std::string program; ///< path of the program that goes in
  std::string catalogue_folder;
  /// Texts that stand in for files of the catalogue, by their path in it: the locks that were used.
  std::map<std::string, std::string> catalogue_texts;
  std::vector<ImageToBundle> images;
};

/// Writes the bundle to `path`, which appears only when it is whole. Errors: io; integrity when
/// something in the store is not what it was (allod images verify names it); conflict when a file
/// changes meanwhile; those of the key.
Result<Contents>
write_bundle(const BundleRequest& request, const artifacts::Store& store,
             const trust::SigningKey& key, const std::string& path,
             const std::function<void(std::uint64_t done, std::uint64_t total)>& on_bytes = {});

} // namespace allod::bundle
