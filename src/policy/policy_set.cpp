#include "policy/policy_set.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "policy/content.h"
#include "policy/fields.h"
#include "policy/read_policy.h"

namespace allod::policy {

namespace {

using document::Value;
using Policies = std::vector<Policy>;

/// What `allod check` takes a policy without a binding for.
Binding made_up_binding(const Policy& policy) {
  Binding binding;
  binding.policy = policy.name;
  binding.mark = policy.mark;
  binding.actions.deny = true;
  if (policy.param_kind) {
    ParamRef ref;
    ref.selector.emplace();
    ref.deny_when_missing = true;
    ref.any_namespace = true;
    binding.params = std::move(ref);
  }
  return binding;
}

/// Reads policies; of equal names the first one stays.
void read_policies(const std::vector<Value>& documents, FieldErrors& errors, Policies& validating,
                   Policies& mutating) {
  for (const Value& document : documents) {
    if (!is_policy(document)) continue;
    std::optional<Policy> policy = read_policy(document, errors);
    if (!policy) continue;
    Policies& list = policy->type == PolicyType::mutating ? mutating : validating;
    const auto same = std::find_if(list.begin(), list.end(),
                                   [&](const Policy& other) { return other.name == policy->name; });
    if (same == list.end()) {
      list.push_back(std::move(*policy));
      continue;
    }
    errors.add(document::error_at(policy->mark, "a second policy \"" + policy->name + "\"")
                   .with_hint("the first one is in " + same->mark.place().file + ", line " +
                              std::to_string(same->mark.line)));
  }
}

void read_bindings(const std::vector<Value>& documents, FieldErrors& errors, Policies& validating,
                   Policies& mutating) {
  for (const Value& document : documents) {
    if (!is_binding(document)) continue;
    std::optional<ReadBinding> read = read_binding(document, errors);
    if (!read) continue;
    Policies& list = read->type == PolicyType::mutating ? mutating : validating;
    // A binding to a policy that is not there does nothing, as in a cluster.
    const auto policy = std::find_if(list.begin(), list.end(), [&](const Policy& candidate) {
      return candidate.name == read->binding.policy;
    });
    if (policy != list.end()) policy->bindings.push_back(std::move(read->binding));
  }
}

bool uses(const Expression& expression, std::string_view variable) {
  return expression.program.variables().count(std::string(variable)) != 0;
}

bool uses_namespace(const Policy& policy) {
  const auto selects = [](const MatchResources& match) {
    return !match.namespace_selector.empty();
  };
  if (selects(policy.constraints)) return true;
  for (const Binding& binding : policy.bindings) {
    if (binding.match && selects(*binding.match)) return true;
  }
  const auto any = [](const auto& list, auto&& expression) {
    return std::any_of(list.begin(), list.end(),
                       [&](const auto& item) { return uses(expression(item), "namespaceObject"); });
  };
  return any(
             policy.variables, [](const Variable& v) -> auto& { return v.expression; }) ||
         any(
             policy.validations, [](const Validation& v) -> auto& { return v.expression; }) ||
         any(
             policy.mutations, [](const Mutation& v) -> auto& { return v.expression; }) ||
         any(
             policy.audit_annotations, [](const AuditAnnotation& v) -> auto& { return v.value; });
}

} // namespace

const ParamStore* PolicySet::Content::store(const ParamKind& kind) const {
  const auto found = std::find_if(stores.begin(), stores.end(), [&](const ParamStore& candidate) {
    return candidate.kind == kind;
  });
  return found == stores.end() ? nullptr : &*found;
}

PolicySet::PolicySet() : content_(std::make_unique<Content>()) {}
PolicySet::~PolicySet() = default;
PolicySet::PolicySet(PolicySet&&) noexcept = default;
PolicySet& PolicySet::operator=(PolicySet&&) noexcept = default;

PolicySet PolicySet::compile(const std::vector<Value>& documents, const Resources& resources,
                             std::vector<Error>& problems, const CompileOptions& options) {
  PolicySet set;
  Content& content = *set.content_;
  content.resources = &resources;
  FieldErrors errors(problems);
  Policies validating;
  Policies mutating;
  read_policies(documents, errors, validating, mutating);
  read_bindings(documents, errors, validating, mutating);
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  for (Policies* list : {&validating, &mutating}) {
    std::sort(list->begin(), list->end(), by_name);
    auto& target = list == &validating ? content.validating : content.mutating;
    for (Policy& policy : *list) {
      if (policy.bindings.empty() && options.bind_unbound) {
        policy.bindings.push_back(made_up_binding(policy));
      }
      std::sort(policy.bindings.begin(), policy.bindings.end(), by_name);
      content.needs_namespaces = content.needs_namespaces || uses_namespace(policy);
      if (policy.param_kind && content.store(*policy.param_kind) == nullptr) {
        content.param_kinds.push_back(*policy.param_kind);
        content.stores.push_back(
            {*policy.param_kind,
             &resources.of_kind(policy.param_kind->api_version, policy.param_kind->kind),
             {}});
      }
      target.push_back(std::make_unique<const Policy>(std::move(policy)));
    }
  }
  for (const Value& document : documents) {
    if (!is_crd(document)) continue;
    for (CrdVersion& version : read_crd(document, resources, errors))
      content.crds.insert_or_assign(version.resource, std::move(version));
  }
  return set;
}

const std::vector<std::unique_ptr<const Policy>>& PolicySet::policies() const {
  return content_->validating;
}

const std::vector<std::unique_ptr<const Policy>>& PolicySet::mutating_policies() const {
  return content_->mutating;
}

const std::vector<ParamKind>& PolicySet::param_kinds() const {
  return content_->param_kinds;
}

bool PolicySet::needs_namespaces() const {
  return content_->needs_namespaces;
}

void PolicySet::add_param(cel::Value object) {
  const ParamKind kind{text_of(object, "apiVersion"), text_of(object, "kind")};
  for (ParamStore& store : content_->stores) {
    if (!(store.kind == kind)) continue;
    const cel::Value metadata = object.as_map().find("metadata").value_or(cel::Value());
    std::string namespace_ = text_of(metadata, "namespace");
    if (store.resource->namespaced && !store.resource->guessed && namespace_.empty()) {
      namespace_ = "default";
    }
    store.objects[namespace_][text_of(metadata, "name")] = object;
  }
}

} // namespace allod::policy
