// What is known of an image once it has been assembled, and its record in the store.
#pragma once

#include <string>
#include <vector>

#include "artifacts/oci_image.h"
#include "artifacts/store.h"
#include "base/result.h"

namespace allod::artifacts {

/// A part as people and later documents want it: what, which, from whom.
struct ImagePart {
  std::string kind; ///< LockedItem::kind
  std::string name;
  std::string version;
  std::string architecture;
  std::string origin;
  Digest digest;
};

/// A file that is kept beside an image (BesideFile), as a blob.
struct KeptBeside {
  std::string path; ///< in the image
  Digest digest;
};

struct AssembledImage {
  std::string name;
  std::string key;        ///< of definition, lock and provider's files: same key, same work
  OciImage image;         ///< "sha256:" + image.manifest.sha256 names it
  std::string rootfs;     ///< the unpacked tree, to be mounted read-only
  std::uint64_t size = 0; ///< bytes of the files in the tree
  std::uint64_t files = 0;
  /// Files that assembly steps wrote: where two assemblies of one lock may differ.
  std::vector<std::string> written_by_steps;
  std::vector<KeptBeside> beside;
  std::vector<ImagePart> parts;
  bool was_there = false; ///< nothing had to be done
};

/// Status of the record and of the tree that it names: complete, or why not (not_found).
Result<AssembledImage> read_image_record(const Store& store, const std::string& key);
/// The record as a text and back; the text says nothing of what is in the store. Errors:
/// invalid_input.
[[nodiscard]] std::string format_image_record(const AssembledImage& image);
Result<AssembledImage> parse_image_record(const std::string& name, std::string_view text);
Status write_image_record(const Store& store, const AssembledImage& image);

/// What a tree's folder holds beside the tree: listing (tree_listing.h) and the marker of
/// completion.
[[nodiscard]] std::string listing_path(const Store& store, const Digest& layer);
/// The listing itself: what the layer consists of, whatever container runtimes have since put into
/// the tree to mount over. Errors: not_found, invalid_input.
Result<std::vector<TreeEntry>> read_listing(const Store& store, const Digest& layer);
/// Whether the tree was laid out to its end, down to the disk.
[[nodiscard]] bool tree_is_complete(const Store& store, const Digest& layer);
/// Moves a finished tree into the store: listing first, then everything to disk, then the marker.
Status publish_tree(const Store& store, const std::string& staging, const Digest& layer,
                    const std::vector<TreeEntry>& entries);

} // namespace allod::artifacts
