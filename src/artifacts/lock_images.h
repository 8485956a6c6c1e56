// Renewing the lock from the registries.
#pragma once

#include <string>
#include <vector>

#include "artifacts/image_definition.h"
#include "artifacts/lock.h"
#include "artifacts/progress.h"
#include "artifacts/source.h"
#include "artifacts/store.h"
#include "base/result.h"

namespace allod::artifacts {

/// Resolves every part of an image as the registries have it now. Parts whose digest cannot be
/// known otherwise are fetched (and built) into the store.
Result<ImageLock> resolve_image(const ImageDefinition& definition, const Store& store,
                                const SourceOptions& options, const Progress& progress);

/// Resolves images, writes their locks (lock.h) below `lock_folder` and returns what changed. Stops
/// at the first image that cannot be resolved; those before it are written.
Result<std::vector<LockChange>> lock_images(const std::vector<ImageDefinition>& definitions,
                                            const std::string& lock_folder, const Store& store,
                                            const SourceOptions& options, const Progress& progress);

} // namespace allod::artifacts
