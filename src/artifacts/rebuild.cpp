#include "artifacts/rebuild.h"

#include "artifacts/fetcher.h"
#include "artifacts/oci_image.h"
#include "artifacts/tree_build.h"
#include "base/files.h"

namespace allod::artifacts {

Result<Rebuild> rebuild_image(const ImageDefinition& definition, const ImageLock& catalogue_lock,
                              const Store& store, const AssemblyOptions& options,
                              const Progress& progress) {
  const Result<StoreUse> use = store.use();
  if (!use) return use.error();
  const Result<AssembledImage> recorded = find_image(definition, catalogue_lock, store, options);
  if (!recorded) return recorded.error();
  ImageLock lock = effective_lock(definition, catalogue_lock, options);
  const std::string before = format_lock(lock);
  if (Status fetched = fetch_parts(definition, catalogue_lock, lock, store, options, progress);
      !fetched) {
    return std::move(fetched).error();
  }
  if (format_lock(lock) != before) {
    return Error(ErrorCode::unavailable, "image " + definition.name +
                                             " cannot be built again: parts of it are no longer "
                                             "served and successors were taken");
  }
  const Result<TemporaryFolder> folder = store.temporary_folder("again");
  if (!folder) return folder.error();
  Result<BuiltTree> built = build_tree(definition, lock, store,
                                       folder->path() + "/built/a/second/time", options, progress);
  if (!built) return std::move(built).error();
  const Result<OciImage> image =
      write_oci_documents(definition, lock.architecture, built->layer, store);
  if (!image) return image.error();
  const Result<std::vector<TreeEntry>> listing = read_listing(store, recorded->image.layer);
  if (!listing) return listing.error();
  Rebuild result;
  result.manifest = image->manifest;
  result.differences = compare_listings(*listing, built->entries);
  result.same = image->manifest == recorded->image.manifest;
  return result;
}

} // namespace allod::artifacts
