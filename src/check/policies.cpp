#include <algorithm>

#include "base/text.h"
#include "check/run.h"
#include "document/cel_value.h"

namespace allod::check {
namespace {

Rule rule_from(const policy::Policy& policy) {
  Rule rule;
  rule.policy = policy.name;
  rule.title = policy.annotation("allod/title");
  rule.rationale = trim(policy.annotation("allod/rationale"));
  rule.mend = trim(policy.annotation("allod/mend"));
  for (const std::string& control : split(policy.annotation("allod/controls"), ',')) {
    if (const std::string_view id = trim(control); !id.empty()) rule.controls.emplace_back(id);
  }
  rule.severity = severity_of(policy.annotation("allod/severity"));
  rule.place = policy.mark.place();
  for (const policy::Validation& validation : policy.validations)
    rule.expressions.push_back(validation.expression.source());
  return rule;
}

bool is_definition(const document::Value& value) {
  return value.string_or("kind", "") == "CustomResourceDefinition";
}

/// What rules of definitions are shown as.
Rule definition_rule() {
  Rule rule;
  rule.policy = "custom-resource-definition";
  rule.title = "The validation rules of custom resource definitions";
  rule.severity = Severity::high;
  return rule;
}

} // namespace

Policies compile(PolicyDocuments documents, std::shared_ptr<policy::Resources> resources,
                 std::vector<Error>& problems) {
  Policies policies;
  policies.resources = std::move(resources);
  for (const document::Value& document : documents.policies) {
    if (is_definition(document)) policies.resources->add_definition(document);
  }
  policies.set = policy::PolicySet::compile(documents.policies, *policies.resources, problems);
  for (const std::unique_ptr<const policy::Policy>& policy : policies.set.policies()) {
    policies.index.emplace(policy.get(), static_cast<std::uint32_t>(policies.rules.size()));
    policies.rules.push_back(rule_from(*policy));
  }
  policies.rules.push_back(definition_rule());
  const std::vector<policy::ParamKind>& kinds = policies.set.param_kinds();
  for (const document::Value& param : documents.params) {
    const policy::ParamKind kind{param.string_or("apiVersion", ""), param.string_or("kind", "")};
    if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end())
      policies.set.add_param(document::to_cel(param));
  }
  policies.documents = std::move(documents);
  return policies;
}

std::uint32_t Policies::rule_of(const policy::Policy* policy) const {
  const auto found = index.find(policy);
  // Rules of definitions belong to no policy: they share the last rule.
  return found == index.end() ? static_cast<std::uint32_t>(rules.size() - 1) : found->second;
}

} // namespace allod::check
