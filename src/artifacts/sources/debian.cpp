#include "artifacts/sources/debian.h"

#include "artifacts/sources/debian_index.h"

namespace allod::artifacts {
namespace {

LockedItem locked(const DebianPackage& package) {
  LockedItem item;
  item.kind = "package";
  item.name = package.name;
  item.version = package.version;
  item.architecture = package.architecture;
  item.origin = package.origin;
  item.digest = package.digest;
  if (package.source != package.name) item.facts.emplace_back("source", package.source);
  return item;
}

/// apt names files NAME_VERSION_ARCHITECTURE.deb with the epoch's colon as %3a.
std::string file_name(const LockedItem& item) {
  std::string version = item.version;
  if (const std::size_t colon = version.find(':'); colon != std::string::npos) {
    version.replace(colon, 1, "%3a");
  }
  return item.name + "_" + version + "_" + item.architecture + ".deb";
}

/// Imports what is there, whatever the download's outcome: what came is kept.
Status import(const std::vector<LockedItem>& items, const std::string& folder, const Store& store,
              Status outcome) {
  for (const LockedItem& item : items) {
    const std::string what = "Debian package " + item.name + " " + item.version;
    const std::string path = folder + "/" + file_name(item);
    if (!exists(path)) {
      if (outcome) outcome = Error(ErrorCode::unavailable, what + " could not be had");
      continue;
    }
    Status imported = store.import_file(path, item.digest, what);
    // apt checked the size and digest of its lists already; a difference to the lock outweighs.
    if (!imported && (outcome || outcome.error().code() != ErrorCode::integrity)) {
      outcome = std::move(imported);
    }
  }
  return outcome;
}

} // namespace

Result<std::vector<LockedItem>> DebianSource::resolve(const PartDefinition& part,
                                                      const SourceContext& context) {
  const DebianPart& debian = std::get<DebianPart>(part.what);
  const Result<DebianIndex> index = DebianIndex::open(context);
  if (!index) return index.error();
  const Result<std::vector<DebianPackage>> closure =
      index->closure(debian.packages, debian.exclude);
  if (!closure) return Error(closure.error()).at(part.mark.place());
  std::vector<LockedItem> items;
  for (const DebianPackage& package : *closure)
    items.push_back(locked(package));
  return items;
}

Result<std::vector<std::string>> DebianSource::not_served(const std::vector<LockedItem>& items,
                                                          const SourceContext& context) {
  const Result<DebianIndex> index = DebianIndex::open(context);
  if (!index) return index.error();
  return index->missing(items);
}

Result<std::vector<NewerItem>> DebianSource::newer(const PartDefinition& part,
                                                   const LockedPart& locked_part,
                                                   const SourceContext& context) {
  const DebianPart& debian = std::get<DebianPart>(part.what);
  const Result<DebianIndex> index = DebianIndex::open(context);
  if (!index) return index.error();
  if (!index->renewal_failure().empty()) {
    return Error(ErrorCode::unavailable, "Debian's package lists could not be renewed")
        .with_detail("apt", index->renewal_failure());
  }
  const Result<std::vector<DebianPackage>> closure =
      index->closure(debian.packages, debian.exclude);
  if (!closure) return Error(closure.error()).at(part.mark.place());
  std::vector<NewerItem> newer;
  for (const DebianPackage& package : *closure) {
    for (const LockedItem& item : locked_part.items) {
      if (item.name != package.name || item.version == package.version) continue;
      // A suite only ever moves on: another version is a newer one.
      newer.push_back({item.kind, item.name, item.version, package.version, package.version,
                       package.origin, package.origin.find("-security/") != std::string::npos});
    }
  }
  return newer;
}

Status DebianSource::fetch(const PartDefinition& part, const LockedPart& locked,
                           const std::vector<LockedItem>& missing, const SourceContext& context) {
  static_cast<void>(part);
  static_cast<void>(locked);
  const Result<DebianIndex> index = DebianIndex::open(context);
  if (!index) return index.error();
  const Result<TemporaryFolder> folder = context.store.temporary_folder("debian");
  if (!folder) return folder.error();
  return import(missing, folder->path(), context.store, index->download(missing, folder->path()));
}

} // namespace allod::artifacts
