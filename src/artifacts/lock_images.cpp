#include "artifacts/lock_images.h"

namespace allod::artifacts {

Result<ImageLock> resolve_image(const ImageDefinition& definition, const Store& store,
                                const SourceOptions& options, const Progress& progress) {
  const Sources sources = machine_sources();
  ImageLock lock;
  lock.image = definition.name;
  lock.architecture = machine_architecture();
  for (const PartDefinition& part : definition.parts) {
    if (part.source == "files") continue;
    progress.event({definition.name, "resolving " + part.title, 0, 0});
    const SourceContext context{store, options, lock.architecture, definition.folder, {}};
    Result<std::vector<LockedItem>> items = sources.at(part.source)->resolve(part, context);
    if (!items) return std::move(items).error().during("locking image " + definition.name);
    lock.parts.push_back({part.source, part.request, std::move(*items)});
  }
  return lock;
}

Result<std::vector<LockChange>> lock_images(const std::vector<ImageDefinition>& definitions,
                                            const std::string& lock_folder, const Store& store,
                                            const SourceOptions& options,
                                            const Progress& progress) {
  std::vector<LockChange> changes;
  const Result<StoreUse> use = store.use();
  if (!use) return use.error();
  for (const ImageDefinition& definition : definitions) {
    const Result<ImageLock> lock = resolve_image(definition, store, options, progress);
    if (!lock) return lock.error();
    const std::string path = lock_path(lock_folder, lock->architecture, definition.name);
    const Result<ImageLock> before = read_lock(path);
    if (!before && before.error().code() != ErrorCode::not_found) return before.error();
    const std::vector<LockChange> found = compare_locks(before ? &*before : nullptr, *lock);
    changes.insert(changes.end(), found.begin(), found.end());
    if (Status written = write_lock(path, *lock); !written) return std::move(written).error();
  }
  return changes;
}

} // namespace allod::artifacts
