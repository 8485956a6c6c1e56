// From a definition and a lock to an image that can run: fetches what is missing, lays it out, runs
// the assembly steps, and puts it into the store.
#pragma once

#include <string>
#include <vector>

#include "artifacts/assembled_image.h"
#include "artifacts/image_definition.h"
#include "artifacts/lock.h"
#include "artifacts/progress.h"
#include "artifacts/source.h"
#include "artifacts/step_runner.h"
#include "artifacts/store.h"
#include "base/result.h"

namespace allod::artifacts {

struct AssemblyOptions {
  /// Take nothing but what the catalogue's lock says: a part that is no longer served is an error.
  bool locked = false;
  /// Where successors of parts that are no longer served are pinned; beside the state. Empty:
  /// nowhere, which is as good as `locked`.
  std::string local_lock_folder;
  /// Fetch nothing; what is missing is an error (unavailable).
  bool offline = false;
  SourceOptions sources;
  StepRunner run_step; ///< empty: container_step_runner
};

/// The lock that counts: the local one while it was made for this definition and departs from this
/// very catalogue lock, else the catalogue's.
[[nodiscard]] ImageLock effective_lock(const ImageDefinition& definition,
                                       const ImageLock& catalogue_lock,
                                       const AssemblyOptions& options);

/// The key of an image: a digest over definition, lock and the provider's files that go into it.
/// Errors: io when one of those files cannot be read.
Result<std::string> image_key(const ImageDefinition& definition, const ImageLock& lock);

/// The image as it was assembled from this definition and lock, with its parts. Errors: not_found.
Result<AssembledImage> find_image(const ImageDefinition& definition,
                                  const ImageLock& catalogue_lock, const Store& store,
                                  const AssemblyOptions& options);

/// Fetches what is missing of an image without assembling it. Errors: as ensure.
Status fetch(const ImageDefinition& definition, const ImageLock& catalogue_lock, const Store& store,
             const AssemblyOptions& options, const Progress& progress);

/// The image, assembled now unless it is there. May be called from several threads and processes
/// for any images at once. Errors: conflict when the lock was made for another definition;
/// unavailable and unsupported from the sources; integrity, naming part, version and both digests;
/// invalid_input for parts that cannot be laid out and steps that fail.
Result<AssembledImage> ensure(const ImageDefinition& definition, const ImageLock& catalogue_lock,
                              const Store& store, const AssemblyOptions& options,
                              const Progress& progress);

} // namespace allod::artifacts
