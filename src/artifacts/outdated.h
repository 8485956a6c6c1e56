// Which parts of an image have newer versions where they came from.
#pragma once

#include <string>
#include <vector>

#include "artifacts/assembler.h"
#include "base/result.h"

namespace allod::artifacts {

struct OutdatedParts {
  std::vector<NewerItem> newer; ///< security fixes first, then by name
  std::vector<Error> not_asked; ///< parts whose registry gave no answer
};

/// Asks the registries through their clients, one part after the other. Whether a version mends a
/// security fault is known for Debian alone, whose security archive holds nothing else.
OutdatedParts outdated_parts(const ImageDefinition& definition, const ImageLock& lock,
                             const Store& store, const AssemblyOptions& options);

} // namespace allod::artifacts
