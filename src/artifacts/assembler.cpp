#include "artifacts/assembler.h"

#include "artifacts/beside.h"
#include "artifacts/canonical_json.h"
#include "artifacts/fetcher.h"
#include "artifacts/tree_build.h"
#include "artifacts/tree_listing.h"
#include "base/hash.h"

namespace allod::artifacts {
namespace {

/// Part of every key: raised when the same definition and lock would give another image.
constexpr const char* kFormat = "allod image 1\n";

Status add_file(const std::string& path, const std::string& name, Sha256& hash) {
  const Result<Digest> digest = digest_of_file(path);
  if (!digest) return digest.error();
  hash.update(name + "\n" + digest->sha256 + "\n");
  return {};
}

Status add_folder(const std::string& folder, const std::string& name, Sha256& hash) {
  if (!is_directory(folder)) return add_file(folder, name, hash);
  const Result<std::vector<TreeEntry>> entries = scan_tree(folder);
  if (!entries) return entries.error();
  for (const TreeEntry& entry : *entries) {
    const std::string path = name + "/" + entry.path;
    if (entry.type == TreeEntry::Type::file) {
      hash.update((entry.mode & 0111) != 0 ? "x " : "- ");
      if (Status added = add_file(folder + "/" + entry.path, path, hash); !added) return added;
    } else {
      hash.update(path + " " + entry.target + "\n");
    }
  }
  return {};
}

Status add_provider_files(const ImageDefinition& definition, Sha256& hash) {
  for (const PartDefinition& part : definition.parts) {
    std::string from;
    if (const auto* files = std::get_if<FilesPart>(&part.what)) from = files->from;
    if (const auto* go = std::get_if<GoPart>(&part.what)) from = go->from;
    if (from.empty()) continue;
    if (Status added = add_folder(definition.folder + "/" + from, from, hash); !added) {
      return Error(added.error()).during("reading the files of image " + definition.name);
    }
  }
  return {};
}

std::vector<ImagePart> parts_of(const ImageLock& lock) {
  std::vector<ImagePart> parts;
  for (const LockedPart& part : lock.parts) {
    for (const LockedItem& item : part.items) {
      if (item.kind == "signature" || item.kind == "toolchain") continue;
      parts.push_back(
          {item.kind, item.name, item.version, item.architecture, item.origin, item.digest});
    }
  }
  return parts;
}

/// Publishes a built tree and has the files beside it made.
Result<AssembledImage> assemble(const ImageDefinition& definition, const ImageLock& lock,
                                const Store& store, const AssemblyOptions& options,
                                const Progress& progress) {
  const Result<TemporaryFolder> staging = store.temporary_folder("tree");
  if (!staging) return staging.error();
  // A folder of its own within: the temporary one is given away by renaming.
  const std::string folder = staging->path() + "/image";
  Result<BuiltTree> built =
      build_tree(definition, lock, store, folder + "/tree", options, progress);
  if (!built) return std::move(built).error();
  Result<OciImage> oci = write_oci_documents(definition, lock.architecture, built->layer, store);
  if (!oci) return std::move(oci).error();
  AssembledImage image;
  image.name = definition.name;
  image.image = std::move(*oci);
  image.written_by_steps = std::move(built->written_by_steps);
  for (const TreeEntry& entry : built->entries)
    image.size += entry.size;
  image.files = built->entries.size();
  if (Status published = publish_tree(store, folder, built->layer, built->entries); !published) {
    return std::move(published).error();
  }
  image.rootfs = store.tree_folder(built->layer.sha256) + "/tree";
  Result<std::vector<KeptBeside>> beside =
      make_beside(definition, image.rootfs, store, options, progress);
  if (!beside) return std::move(beside).error();
  image.beside = std::move(*beside);
  return image;
}

/// The record, with the files beside the image made again where they are lost. A platform runs
/// without them, only slower: a failure is told and no more.
Result<AssembledImage> from_record(const ImageDefinition& definition, const ImageLock& lock,
                                   const std::string& key, const Store& store,
                                   const AssemblyOptions& options, const Progress& progress) {
  Result<AssembledImage> image = read_image_record(store, key);
  if (!image) return image;
  image->parts = parts_of(lock);
  image->was_there = true;
  if (beside_is_whole(definition, *image, store)) return image;
  const Result<FileLock> held = store.lock("beside-" + definition.name);
  if (!held) return held.error();
  Result<std::vector<KeptBeside>> beside =
      make_beside(definition, image->rootfs, store, options, progress);
  if (!beside) {
    progress.note(definition.name, "starts slower: " + beside.error().describe());
    return image;
  }
  image->beside = std::move(*beside);
  if (Status recorded = write_image_record(store, *image); !recorded) {
    return std::move(recorded).error();
  }
  return image;
}

} // namespace

ImageLock effective_lock(const ImageDefinition& definition, const ImageLock& catalogue_lock,
                         const AssemblyOptions& options) {
  if (options.locked || options.local_lock_folder.empty()) return catalogue_lock;
  const std::string path =
      lock_path(options.local_lock_folder, catalogue_lock.architecture, definition.name);
  if (!exists(path)) return catalogue_lock;
  Result<ImageLock> local = read_lock(path);
  if (!local || local->departs_from != sha256_hex(format_lock(catalogue_lock)) ||
      !match_lock(definition, *local)) {
    return catalogue_lock;
  }
  return std::move(*local);
}

Result<std::string> image_key(const ImageDefinition& definition, const ImageLock& lock) {
  Sha256 hash;
  hash.update(kFormat);
  hash.update(definition.name + "\n" + canonical_json(definition.written) + "\n");
  ImageLock plain = lock;
  plain.departs_from.clear();
  hash.update(format_lock(plain));
  if (Status added = add_provider_files(definition, hash); !added) return std::move(added).error();
  return hash.finish_hex();
}

Result<AssembledImage> find_image(const ImageDefinition& definition,
                                  const ImageLock& catalogue_lock, const Store& store,
                                  const AssemblyOptions& options) {
  const ImageLock lock = effective_lock(definition, catalogue_lock, options);
  const Result<std::string> key = image_key(definition, lock);
  if (!key) return key.error();
  Result<AssembledImage> image = read_image_record(store, *key);
  if (image) image->parts = parts_of(lock);
  return image;
}

Status fetch(const ImageDefinition& definition, const ImageLock& catalogue_lock, const Store& store,
             const AssemblyOptions& options, const Progress& progress) {
  ImageLock lock = effective_lock(definition, catalogue_lock, options);
  if (const auto matched = match_lock(definition, lock); !matched) return matched.error();
  const Result<StoreUse> use = store.use();
  if (!use) return use.error();
  return fetch_parts(definition, catalogue_lock, lock, store, options, progress);
}

Result<AssembledImage> ensure(const ImageDefinition& definition, const ImageLock& catalogue_lock,
                              const Store& store, const AssemblyOptions& options,
                              const Progress& progress) {
  ImageLock lock = effective_lock(definition, catalogue_lock, options);
  if (const auto matched = match_lock(definition, lock); !matched) return matched.error();
  const Result<StoreUse> use = store.use();
  if (!use) return use.error();
  Result<std::string> key = image_key(definition, lock);
  if (!key) return std::move(key).error();
  const auto recorded = [&] {
    return from_record(definition, lock, *key, store, options, progress);
  };
  if (Result<AssembledImage> image = recorded(); image) return image;

  const Result<FileLock> held = store.lock("image-" + definition.name);
  if (!held) return held.error();
  // Somebody else may have assembled it while this one waited.
  if (Result<AssembledImage> image = recorded(); image) return image;
  if (Status fetched = fetch_parts(definition, catalogue_lock, lock, store, options, progress);
      !fetched) {
    return std::move(fetched).error();
  }
  key = image_key(definition, lock);
  if (!key) return std::move(key).error();
  if (Result<AssembledImage> image = recorded(); image) return image;
  Result<AssembledImage> image = assemble(definition, lock, store, options, progress);
  if (!image) return image;
  image->key = *key;
  image->parts = parts_of(lock);
  if (Status written = write_image_record(store, *image); !written) {
    return std::move(written).error();
  }
  return image;
}

} // namespace allod::artifacts
