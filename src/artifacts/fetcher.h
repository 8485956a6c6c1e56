// Bringing the parts of a lock into the store, several sources at once.
#pragma once

#include "artifacts/assembler.h"

namespace allod::artifacts {

/// Brings every stored item of the lock into the store. Where a registry no longer serves a locked
/// version and the options allow it, `lock` is changed to the successors and written to the local
/// lock folder. Every item was verified when it came; `read_again` reads also those that were
/// there. Errors: as ensure.
Status fetch_parts(const ImageDefinition& definition, const ImageLock& catalogue_lock,
                   ImageLock& lock, const Store& store, const AssemblyOptions& options,
                   const Progress& progress);

} // namespace allod::artifacts
