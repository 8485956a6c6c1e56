// Wheels of the Python index, through pip: never installed, never a dependency taken, only
// unpacked.
#pragma once

#include <optional>

#include "artifacts/source.h"

namespace allod::artifacts {

class WheelSource : public Source {
 public:
  Result<std::vector<LockedItem>> resolve(const PartDefinition& part,
                                          const SourceContext& context) override;
  Result<std::vector<NewerItem>> newer(const PartDefinition& part, const LockedPart& locked,
                                       const SourceContext& context) override;
  Status fetch(const PartDefinition& part, const LockedPart& locked,
               const std::vector<LockedItem>& missing, const SourceContext& context) override;
};

/// One wheel by name and version ("" for the newest), left in the store. For sources that need a
/// tool from there too.
Result<LockedItem> resolve_wheel(const std::string& package, const std::string& version,
                                 const SourceContext& context);
/// What the index has newer than a locked wheel. Errors: unavailable, unsupported.
Result<std::optional<NewerItem>> newer_wheel(const LockedItem& wheel, const SourceContext& context);
/// A locked wheel into the store. Errors: integrity with both digests, unavailable, unsupported.
Status fetch_wheel(const LockedItem& wheel, const SourceContext& context);

} // namespace allod::artifacts
