#include "artifacts/placement.h"

#include "base/glob.h"

namespace allod::artifacts {
namespace {

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string relative(const std::string& path) {
  return path.starts_with('/') ? path.substr(1) : path;
}

std::string joined(const std::string& folder, const std::string& rest) {
  std::string path = relative(folder);
  if (!path.empty() && !path.ends_with('/') && !rest.empty()) path += '/';
  path += rest;
  if (path.ends_with('/')) path.pop_back();
  return path;
}

} // namespace

std::string place_file(const std::string& into, const std::string& file_name) {
  return into.ends_with('/') ? joined(into, file_name) : relative(into);
}

Placer::Placer(const Placement& placement)
    : placement_(placement), files_used_(placement.files.size()),
      trees_used_(placement.trees.size()) {}

std::optional<std::string> Placer::target(const std::string& member) {
  for (std::size_t at = 0; at < placement_.files.size(); ++at) {
    const auto& [pattern, path] = placement_.files[at];
    if (!glob_matches(pattern, member)) continue;
    files_used_[at] = true;
    return is_glob(pattern) ? joined(path, base_name(member)) : place_file(path, base_name(member));
  }
  for (std::size_t at = 0; at < placement_.trees.size(); ++at) {
    std::string prefix = placement_.trees[at].first;
    if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
    if (!member.starts_with(prefix) || member.size() == prefix.size()) continue;
    trees_used_[at] = true;
    return joined(placement_.trees[at].second, member.substr(prefix.size()));
  }
  if (placement_.unpack.empty()) return std::nullopt;
  std::string rest = member;
  for (int strip = placement_.strip; strip > 0; --strip) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string::npos) return std::nullopt;
    rest.erase(0, slash + 1);
  }
  return joined(placement_.unpack, rest);
}

Status Placer::check_all_used() const {
  for (std::size_t at = 0; at < files_used_.size(); ++at) {
    if (files_used_[at]) continue;
    return Error(ErrorCode::not_found, "the archive has no file " + placement_.files[at].first);
  }
  for (std::size_t at = 0; at < trees_used_.size(); ++at) {
    if (trees_used_[at]) continue;
    return Error(ErrorCode::not_found,
                 "the archive has nothing below " + placement_.trees[at].first);
  }
  return {};
}

} // namespace allod::artifacts
