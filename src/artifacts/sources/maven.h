// Maven artefacts through mvn's dependency plugin: resolved with their runtime dependencies once,
// then always fetched one by one as the lock names them.
#pragma once

#include "artifacts/source.h"

namespace allod::artifacts {

class MavenSource : public Source {
 public:
  /// A signature is checked where the definition pins a key; else the lock says that there was
  /// none.
  Result<std::vector<LockedItem>> resolve(const PartDefinition& part,
                                          const SourceContext& context) override;
  Result<std::vector<NewerItem>> newer(const PartDefinition& part, const LockedPart& locked,
                                       const SourceContext& context) override;
  Status fetch(const PartDefinition& part, const LockedPart& locked,
               const std::vector<LockedItem>& missing, const SourceContext& context) override;
};

} // namespace allod::artifacts
