#include "policy/resources.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

namespace allod::policy {

namespace {

using document::Value;

/// "apps/v1" as group and version; the core group has no name.
std::pair<std::string_view, std::string_view> split_api_version(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return {{}, api_version};
  return {api_version.substr(0, slash), api_version.substr(slash + 1)};
}

/// As apimachinery's meta.UnsafeGuessKindToResource.
std::string guess_plural(std::string_view kind) {
  std::string name(kind);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(c < 0x80 ? std::tolower(c) : c); });
  if (name.empty() || name.ends_with("endpoints")) return name;
  if (name.back() == 's') return name + "es";
  if (name.back() == 'y') return name.substr(0, name.size() - 1) + "ies";
  return name + "s";
}

const std::string& text_at(const Value& map, std::string_view key) {
  static const std::string kNone;
  const Value* value = map.find(key);
  return value != nullptr && value->is_string() ? value->as_string() : kNone;
}

} // namespace

std::string Resource::api_version() const {
  return group.empty() ? version : group + "/" + version;
}

Resources::Resources() = default;
Resources::~Resources() = default;

void Resources::add(Resource resource) {
  Key key{resource.group, resource.version, resource.kind};
  if (const auto known = by_kind_.find(key); known != by_kind_.end()) {
    resource.equivalents = known->second->equivalents;
    *known->second = std::move(resource);
    return;
  }
  declared_.push_back(std::move(resource));
  Resource& added = declared_.back();
  added.equivalents.clear();
  by_kind_.emplace(std::move(key), &added);
  // All versions of a resource are the same objects.
  std::vector<Resource*> same;
  for (Resource& other : declared_) {
    if (other.group == added.group && other.plural == added.plural) same.push_back(&other);
  }
  join(same);
}

void Resources::join(const std::vector<Resource*>& same) {
  for (Resource* one : same) {
    for (const Resource* other : same) {
      if (one != other && std::find(one->equivalents.begin(), one->equivalents.end(), other) ==
                              one->equivalents.end()) {
        one->equivalents.push_back(other);
      }
    }
  }
}

Status Resources::add_table(const Value& table) {
  static const Value kNone = Value::list();
  const Value* given = table.find("resources");
  const Value& resources = given == nullptr ? kNone : *given;
  if (!resources.is_list()) {
    return document::error_at(resources.mark(), "the resources of a table are a list");
  }
  for (const Value& entry : resources.items()) {
    Resource resource;
    resource.group = text_at(entry, "group");
    resource.version = text_at(entry, "version");
    resource.kind = text_at(entry, "kind");
    resource.plural = text_at(entry, "plural");
    resource.namespaced = entry.boolean_or("namespaced", true);
    if (resource.version.empty() || resource.kind.empty() || resource.plural.empty()) {
      return document::error_at(entry.mark(), "a resource has a version, a kind and a plural");
    }
    add(std::move(resource));
  }
  const Value* equivalents = table.find("equivalents");
  if (equivalents == nullptr || !equivalents->is_list()) return {};
  for (const Value& group : equivalents->items()) {
    if (!group.is_list()) return document::error_at(group.mark(), "equivalents are lists");
    std::vector<Resource*> same;
    for (const Value& name : group.items()) {
      if (!name.is_string()) return document::error_at(name.mark(), "an equivalent is a name");
      // "group/plural"; the core group's plurals stand alone.
      const auto [owner, plural] = split_api_version(name.as_string());
      for (Resource& resource : declared_) {
        if (resource.group == owner && resource.plural == plural) same.push_back(&resource);
      }
    }
    join(same);
  }
  return {};
}

void Resources::add_definition(const Value& definition) {
  const Value* spec = definition.find("spec");
  const Value* names = spec == nullptr ? nullptr : spec->find("names");
  const Value* versions = spec == nullptr ? nullptr : spec->find("versions");
  if (names == nullptr || versions == nullptr || !versions->is_list()) return;
  for (const Value& version : versions->items()) {
    Resource resource;
    resource.group = text_at(*spec, "group");
    resource.version = text_at(version, "name");
    resource.kind = text_at(*names, "kind");
    resource.plural = text_at(*names, "plural");
    resource.namespaced = text_at(*spec, "scope") != "Cluster";
    if (!version.boolean_or("served", true) || resource.version.empty() || resource.kind.empty() ||
        resource.plural.empty()) {
      continue;
    }
    add(std::move(resource));
  }
}

const Resource* Resources::declared(std::string_view group, std::string_view version,
                                    std::string_view kind) const {
  const auto found = by_kind_.find(std::tuple(group, version, kind));
  return found == by_kind_.end() ? nullptr : found->second;
}

const Resource& Resources::of_kind(std::string_view group, std::string_view version,
                                   std::string_view kind) const {
  if (const Resource* known = declared(group, version, kind)) return *known;
  const std::tuple key(group, version, kind);
  {
    const std::shared_lock lock(guessing_);
    if (const auto found = guessed_.find(key); found != guessed_.end()) return *found->second;
  }
  const std::unique_lock lock(guessing_);
  if (const auto found = guessed_.find(key); found != guessed_.end()) return *found->second;
  Resource guess{std::string(group),
                 std::string(version),
                 std::string(kind),
                 guess_plural(kind),
                 true,
                 true,
                 {}};
  // A version that nobody declared of a kind that is known shares its plural and scope.
  for (const Resource& other : declared_) {
    if (other.group == group && other.kind == kind) {
      guess.plural = other.plural;
      guess.namespaced = other.namespaced;
      break;
    }
  }
  guesses_.push_back(std::move(guess));
  const Resource& added = guesses_.back();
  guessed_.emplace(Key{added.group, added.version, added.kind}, &added);
  return added;
}

const Resource& Resources::of_kind(std::string_view api_version, std::string_view kind) const {
  const auto [group, version] = split_api_version(api_version);
  return of_kind(group, version, kind);
}

} // namespace allod::policy
