// Which parameter objects a binding hands to a policy.
#include "policy/content.h"

namespace allod::policy {

namespace {

using Objects = std::map<std::string, cel::Value>;

void select(const ParamRef& ref, const Objects& objects, std::vector<const cel::Value*>& params) {
  if (!ref.name.empty()) {
    const auto found = objects.find(ref.name);
    if (found != objects.end()) params.push_back(&found->second);
    return;
  }
  for (const auto& [name, object] : objects) {
    if (ref.selector && ref.selector->matches(labels_of(object)) == Selector::Answer::yes) {
      params.push_back(&object);
    }
  }
}

Error configuration(const char* message) {
  return {ErrorCode::invalid_input, message};
}

} // namespace

Status collect_params(const Policy& policy, const Binding& binding, const ParamStore* store,
                      const std::string& namespace_, std::vector<const cel::Value*>& params) {
  if (!policy.param_kind || !binding.params) {
    static const cel::Value kNone = cel::Value::null();
    params.push_back(&kNone);
    return {};
  }
  const ParamRef& ref = *binding.params;
  const Resource& resource = *store->resource;
  std::string wanted;
  // Of a kind that nobody declared the scope is what its objects look like.
  if (resource.guessed) {
    wanted = ref.namespace_.empty() ? namespace_ : ref.namespace_;
  } else if (resource.namespaced) {
    wanted = ref.namespace_.empty() ? namespace_ : ref.namespace_;
    if (wanted.empty() && !ref.any_namespace) {
      return configuration("cannot use namespaced paramRef in policy binding that matches "
                           "cluster-scoped resources");
    }
  } else if (!ref.namespace_.empty()) {
    return configuration(
        "paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  }
  const std::size_t before = params.size();
  if (ref.any_namespace) {
    for (const auto& [name, objects] : store->objects)
      select(ref, objects, params);
  } else {
    const auto of = [&](const std::string& name) {
      const auto found = store->objects.find(name);
      if (found != store->objects.end()) select(ref, found->second, params);
    };
    of(wanted);
    if (resource.guessed && !wanted.empty()) of("");
  }
  if (params.size() == before && ref.deny_when_missing) {
    return configuration("no params found for policy binding with `Deny` parameterNotFoundAction");
  }
  return {};
}

} // namespace allod::policy
