// Debian packages as parts of images.
#pragma once

#include "artifacts/source.h"

namespace allod::artifacts {

class DebianSource : public Source {
 public:
  Result<std::vector<LockedItem>> resolve(const PartDefinition& part,
                                          const SourceContext& context) override;
  Result<std::vector<std::string>> not_served(const std::vector<LockedItem>& items,
                                              const SourceContext& context) override;
  Result<std::vector<NewerItem>> newer(const PartDefinition& part, const LockedPart& locked,
                                       const SourceContext& context) override;
  Status fetch(const PartDefinition& part, const LockedPart& locked,
               const std::vector<LockedItem>& missing, const SourceContext& context) override;
};

} // namespace allod::artifacts
