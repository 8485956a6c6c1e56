// Programs built from Go modules, with a pinned toolchain: the same lock gives the same bytes on
// every machine, which the lock's digest of the program holds the build to.
#pragma once

#include "artifacts/source.h"

namespace allod::artifacts {

class GoSource : public Source {
 public:
  /// Builds the program once, to know its digest and the modules that went into it.
  Result<std::vector<LockedItem>> resolve(const PartDefinition& part,
                                          const SourceContext& context) override;
  Result<std::vector<NewerItem>> newer(const PartDefinition& part, const LockedPart& locked,
                                       const SourceContext& context) override;
  Status fetch(const PartDefinition& part, const LockedPart& locked,
               const std::vector<LockedItem>& missing, const SourceContext& context) override;
};

} // namespace allod::artifacts
