#include "artifacts/outdated.h"

#include <algorithm>

namespace allod::artifacts {

OutdatedParts outdated_parts(const ImageDefinition& definition, const ImageLock& lock,
                             const Store& store, const AssemblyOptions& options) {
  OutdatedParts result;
  const Result<std::vector<const LockedPart*>> matched = match_lock(definition, lock);
  if (!matched) {
    result.not_asked.push_back(matched.error());
    return result;
  }
  SourceOptions source_options = options.sources;
  // What was known an hour ago is not good enough here.
  source_options.apt_lists_age_seconds = 60;
  const SourceContext context{store, source_options, lock.architecture, definition.folder, {}};
  const Sources sources = machine_sources();
  for (std::size_t at = 0; at < definition.parts.size(); ++at) {
    const PartDefinition& part = definition.parts[at];
    if ((*matched)[at] == nullptr) continue;
    if (options.offline) {
      result.not_asked.push_back(Error(ErrorCode::unavailable, part.title + " was not asked for"));
      continue;
    }
    Result<std::vector<NewerItem>> newer =
        sources.at(part.source)->newer(part, *(*matched)[at], context);
    if (!newer) {
      result.not_asked.push_back(std::move(newer).error());
      continue;
    }
    result.newer.insert(result.newer.end(), newer->begin(), newer->end());
  }
  std::stable_sort(result.newer.begin(), result.newer.end(),
                   [](const NewerItem& a, const NewerItem& b) {
                     return std::pair(!a.security, a.name) < std::pair(!b.security, b.name);
                   });
  return result;
}

} // namespace allod::artifacts
