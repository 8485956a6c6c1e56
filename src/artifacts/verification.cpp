#include "artifacts/verification.h"

#include <cerrno>
#include <mutex>

#include <unistd.h>

#include "artifacts/parallel.h"

namespace allod::artifacts {

Result<Verification> verify_image(const AssembledImage& image, const Store& store) {
  std::vector<std::pair<std::string, Digest>> blobs{{"the manifest", image.image.manifest},
                                                    {"the configuration", image.image.config}};
  for (const ImagePart& part : image.parts) {
    if (part.digest.sha256.empty()) continue;
    blobs.emplace_back(part.version.empty() ? part.name : part.name + " " + part.version,
                       part.digest);
  }
  for (const KeptBeside& file : image.beside)
    blobs.emplace_back(file.path + " beside the image", file.digest);
  Verification result;
  std::mutex mutex;
  parallel_for(blobs.size(), [&](std::size_t at) {
    const auto& [name, digest] = blobs[at];
    if (!exists(store.blob_path(digest.sha256))) return;
    Status verified = store.verify_fully(digest);
    const std::lock_guard lock(mutex);
    result.bytes_read += digest.size;
    if (!verified) result.parts.push_back(std::move(verified).error().during("verifying " + name));
  });
  const Result<std::vector<TreeEntry>> listing = read_listing(store, image.image.layer);
  if (!listing) return Error(listing.error()).during("verifying image " + image.name);
  Result<std::vector<TreeDifference>> files = compare_tree(image.rootfs, *listing);
  if (!files) return std::move(files).error();
  result.files = std::move(*files);
  for (const TreeEntry& entry : *listing)
    result.bytes_read += entry.size;
  return result;
}

Status discard_image(const AssembledImage& image, const Store& store) {
  const std::string record = store.image_record_path(image.key);
  if (::unlink(record.c_str()) != 0 && errno != ENOENT) return errno_error("remove " + record);
  const std::string folder = store.tree_folder(image.image.layer.sha256);
  // Without its marker the tree counts as unfinished, even if its removal is cut short.
  const std::string marker = folder + "/complete";
  if (::unlink(marker.c_str()) != 0 && errno != ENOENT) return errno_error("remove " + marker);
  return remove_tree(folder);
}

KeepSet keep_images(const std::vector<AssembledImage>& images, bool parts) {
  KeepSet keep;
  for (const AssembledImage& image : images) {
    keep.image_keys.insert(image.key);
    keep.trees.insert(image.image.layer.sha256);
    keep.blobs.insert({image.image.manifest.sha256, image.image.config.sha256});
    for (const KeptBeside& file : image.beside)
      keep.blobs.insert(file.digest.sha256);
    if (!parts) continue;
    for (const ImagePart& part : image.parts) {
      if (!part.digest.sha256.empty()) keep.blobs.insert(part.digest.sha256);
    }
  }
  return keep;
}

} // namespace allod::artifacts
