#include "check/gather.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace allod::check {
namespace {

bool is_wanted(const manifest::Object& object, const Wanted& wanted) {
  return std::any_of(
      wanted.params.begin(), wanted.params.end(), [&object](const WantedParam& param) {
        return param.kind.kind == object.kind() && param.kind.api_version == object.api_version() &&
               (param.name.empty() || param.name == object.name());
      });
}

bool before(const manifest::Object& a, const manifest::Object& b) {
  return std::make_pair(a.file, a.index) < std::make_pair(b.file, b.index);
}

/// A map with one member replaced or added; the others are shared.
cel::Value with_member(const cel::Value& map, std::string_view key, cel::Value value) {
  std::vector<std::pair<cel::Value, cel::Value>> entries;
  if (map.is(cel::Kind::map)) {
    for (std::size_t i = 0; i < map.as_map().size(); ++i)
      entries.push_back(map.as_map().entry(i));
  }
  entries.emplace_back(cel::Value::string(std::string(key)), std::move(value)); // the last counts
  return cel::Value::map(std::move(entries));
}

cel::Value member(const cel::Value& map, std::string_view key) {
  return map.is(cel::Kind::map) ? map.as_map().find(key).value_or(cel::Value()) : cel::Value();
}

cel::Value labelled(const manifest::Object& object) {
  const cel::Value space = object.value();
  const cel::Value metadata = member(space, "metadata");
  const cel::Value labels = with_member(member(metadata, "labels"), "kubernetes.io/metadata.name",
                                        cel::Value::string(std::string(object.name())));
  return with_member(space, "metadata", with_member(metadata, "labels", labels));
}

} // namespace

std::string identity_of(const manifest::Object& object, std::string_view default_namespace) {
  const std::string_view version = object.api_version();
  const std::size_t slash = version.find('/');
  const std::string_view group =
      slash == std::string_view::npos ? std::string_view() : version.substr(0, slash);
  const std::string_view given = object.namespace_();
  std::string identity(group);
  for (const std::string_view part :
       {object.kind(), given.empty() ? default_namespace : given, object.name()})
    identity.append("/").append(part);
  return identity;
}

std::vector<WantedParam>
wanted_params(const std::vector<std::unique_ptr<const policy::Policy>>& policies) {
  std::vector<WantedParam> wanted;
  for (const std::unique_ptr<const policy::Policy>& policy : policies) {
    if (!policy->param_kind) continue;
    for (const policy::Binding& binding : policy->bindings) {
      if (binding.params) wanted.push_back({*policy->param_kind, binding.params->name});
    }
  }
  return wanted;
}

Gathered gather(const manifest::Inputs& inputs, const Wanted& wanted) {
  Gathered gathered;
  std::mutex mutex;
  const auto keep = [&](unsigned, manifest::Object object) {
    const bool space =
        wanted.namespaces && object.kind() == "Namespace" && object.api_version() == "v1";
    const bool param = is_wanted(object, wanted);
    if (!space && !param) return;
    const std::lock_guard lock(mutex);
    if (space) {
      Namespace& known = gathered.namespaces[std::string(object.name())];
      if (known.object.node == nullptr || before(known.object, object)) // the last one counts
        known = {object, labelled(object)};
    }
    if (param) gathered.params.push_back(std::move(object));
  };
  (void)manifest::read(inputs, keep, [](const manifest::Problem&) {});
  std::sort(gathered.params.begin(), gathered.params.end(), before);
  return gathered;
}

ObjectsByIdentity read_all(const manifest::Inputs& inputs, std::string_view default_namespace,
                           std::vector<manifest::Problem>& problems) {
  ObjectsByIdentity objects;
  std::mutex mutex;
  (void)manifest::read(
      inputs,
      [&](unsigned, manifest::Object object) {
        std::string identity = identity_of(object, default_namespace);
        const std::lock_guard lock(mutex);
        const auto [found, fresh] = objects.try_emplace(std::move(identity), object);
        if (!fresh && before(found->second, object)) found->second = std::move(object);
      },
      [&](manifest::Problem problem) {
        const std::lock_guard lock(mutex);
        problems.push_back(std::move(problem));
      });
  return objects;
}

} // namespace allod::check
