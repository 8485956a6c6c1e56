#include "policy/read_match.h"

#include <algorithm>
#include <set>
#include <utility>

#include "policy/names.h"

namespace allod::policy {

using document::Value;

namespace {

bool has_wildcard(const std::vector<std::string>& items) {
  return std::find(items.begin(), items.end(), "*") != items.end();
}

/// "*" stands alone, and a list that must not be empty is not.
void check_list(const std::vector<std::string>& items, const Value* field, const std::string& path,
                const document::Mark& owner, std::string_view what, FieldErrors& errors) {
  if (items.empty()) {
    if (field == nullptr || field->is_list()) {
      errors.required(field == nullptr ? owner : field->mark(), path);
    }
  } else if (items.size() > 1 && has_wildcard(items)) {
    errors.invalid(*field, path, "if '*' is present, must not specify other " + std::string(what));
  }
}

void check_resources(const std::vector<std::string>& resources, const Value* field,
                     const std::string& path, const document::Mark& owner, FieldErrors& errors) {
  if (resources.empty()) {
    check_list(resources, field, path, owner, "resources", errors);
    return;
  }
  std::set<std::string> all_subresources_of; // "x/*"
  std::set<std::string> of_all_resources;    // "*/x"
  bool any = false;
  bool plain = false;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    const std::string at = path + "[" + std::to_string(i) + "]";
    const std::string& resource = resources[i];
    const std::size_t slash = resource.find('/');
    if (resource.empty()) errors.required(field->items()[i].mark(), at);
    any = any || resource == "*";
    plain = plain || (slash == std::string::npos && resource != "*");
    if (slash == std::string::npos) continue;
    const std::string name = resource.substr(0, slash);
    const std::string subresource = resource.substr(slash + 1);
    if (all_subresources_of.count(name) != 0) {
      errors.invalid(field->items()[i], at,
                     "if '" + name + "/*' is present, must not specify " + resource);
    }
    if (of_all_resources.count(subresource) != 0) {
      errors.invalid(field->items()[i], at,
                     "if '*/" + subresource + "' is present, must not specify " + resource);
    }
    if (subresource == "*") all_subresources_of.insert(name);
    if (name == "*") of_all_resources.insert(subresource);
  }
  if (resources.size() > 1 &&
      std::find(resources.begin(), resources.end(), "*/*") != resources.end()) {
    errors.invalid(*field, path, "if '*/*' is present, must not specify other resources");
  }
  if (any && plain) {
    errors.invalid(*field, path,
                   "if '*' is present, must not specify other resources without subresources");
  }
}

std::uint8_t read_operations(Fields& fields, bool mutating) {
  static const std::vector<std::string> kAll{"*", "CONNECT", "CREATE", "DELETE", "UPDATE"};
  static const std::vector<std::string> kMutable{"*", "CONNECT", "CREATE", "UPDATE"};
  const Value* list = fields.take("operations");
  const std::vector<std::string> operations = fields.strings("operations");
  check_list(operations, list, fields.path("operations"), fields.mark(), "operations",
             fields.errors());
  const std::vector<std::string>& known = mutating ? kMutable : kAll;
  std::uint8_t bits = 0;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (std::find(known.begin(), known.end(), operations[i]) == known.end()) {
      fields.errors().unsupported(list->items()[i], fields.path("operations", i), known);
      continue;
    }
    for (const Operation operation :
         {Operation::create, Operation::update, Operation::remove, Operation::connect}) {
      if (operations[i] == "*" || operations[i] == to_string(operation)) {
        bits = static_cast<std::uint8_t>(bits | 1U << static_cast<unsigned>(operation));
      }
    }
  }
  return bits;
}

Rule read_rule(const Value& value, const std::string& path, bool mutating, FieldErrors& errors) {
  Fields fields(value, path, errors);
  Rule rule;
  const auto list = [&](std::string_view name, std::string_view what) {
    const Value* field = fields.take(name);
    std::vector<std::string> items = fields.strings(name);
    check_list(items, field, fields.path(name), value.mark(), what, errors);
    return items;
  };
  rule.groups = list("apiGroups", "API groups");
  rule.versions = list("apiVersions", "API versions");
  for (std::size_t i = 0; i < rule.versions.size(); ++i) {
    if (rule.versions[i].empty()) errors.required(value.mark(), fields.path("apiVersions", i));
  }
  const Value* resources = fields.take("resources");
  rule.resources = fields.strings("resources");
  check_resources(rule.resources, resources, fields.path("resources"), value.mark(), errors);
  rule.operations = read_operations(fields, mutating);
  static const std::vector<std::string> kScopes{"*", "Cluster", "Namespaced"};
  rule.scope = static_cast<Scope>(fields.choice("scope", kScopes));

  const Value* names = fields.take("resourceNames");
  rule.names = fields.strings("resourceNames");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < rule.names.size(); ++i) {
    const Value& name = names->items()[i];
    if (!is_path_segment(rule.names[i])) {
      errors.invalid(name, fields.path("resourceNames", i),
                     "may not be \".\" or \"..\" nor "
                     "contain '/' or '%'");
    }
    if (!seen.insert(rule.names[i]).second) {
      errors.duplicate(name, fields.path("resourceNames", i));
    }
  }
  fields.finish();
  return rule;
}

std::optional<Requirement> read_requirement(const Value& value, const std::string& path,
                                            FieldErrors& errors) {
  Fields fields(value, path, errors);
  const std::size_t before = errors.count();
  Requirement requirement;
  requirement.key = fields.string("key");
  if (!is_qualified_name(requirement.key)) {
    const Value* key = fields.take("key");
    errors.invalid(key == nullptr ? value : *key, fields.path("key"), "is no label key");
  }
  const Value* op = fields.text("operator");
  const Value* values = fields.take("values");
  requirement.values = fields.strings("values");
  fields.finish();
  static const std::vector<std::string> kOperators{"In", "NotIn", "Exists", "DoesNotExist"};
  const auto known = op == nullptr
                         ? kOperators.end()
                         : std::find(kOperators.begin(), kOperators.end(), op->as_string());
  if (known == kOperators.end()) {
    errors.invalid(op == nullptr ? value : *op, fields.path("operator"),
                   "not a valid selector operator");
    return std::nullopt;
  }
  requirement.op = static_cast<Requirement::Operator>(known - kOperators.begin());
  const bool needs_values = requirement.op == Requirement::Operator::in ||
                            requirement.op == Requirement::Operator::not_in;
  if (needs_values && requirement.values.empty()) {
    errors.required(value.mark(), fields.path("values"),
                    "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (!needs_values && !requirement.values.empty()) {
    errors.add(document::error_at(values->mark(),
                                  fields.path("values") +
                                      ": Forbidden: may not be specified when `operator` is "
                                      "'Exists' or 'DoesNotExist'"));
  }
  for (std::size_t i = 0; i < requirement.values.size(); ++i) {
    if (!is_label_value(requirement.values[i])) {
      errors.invalid(values->items()[i], fields.path("values", i), "is no label value");
    }
  }
  if (errors.count() != before) return std::nullopt;
  return requirement;
}

} // namespace

Selector read_selector(const Value& value, const std::string& path, FieldErrors& errors) {
  Selector selector;
  Fields fields(value, path, errors);
  if (const Value* labels = fields.map("matchLabels")) {
    for (const document::Member& label : labels->members()) {
      const std::string at = fields.path("matchLabels") + "[" + label.key + "]";
      if (!label.value.is_string()) {
        errors.add(
            document::error_at(label.value.mark(), at + ": a text is expected here, this is " +
                                                       document::describe(label.value.kind())));
        continue;
      }
      if (!is_qualified_name(label.key)) errors.invalid(label.value, at, "is no label key");
      if (!is_label_value(label.value.as_string())) {
        errors.invalid(label.value, at, "is no label value");
      }
      selector.require({label.key, Requirement::Operator::in, {label.value.as_string()}});
    }
  }
  const std::vector<Value>& expressions = fields.list("matchExpressions");
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    auto requirement = read_requirement(expressions[i], fields.path("matchExpressions", i), errors);
    if (requirement) selector.require(std::move(*requirement));
  }
  fields.finish();
  return selector;
}

MatchResources read_match_resources(const Value& value, const std::string& path, bool mutating,
                                    FieldErrors& errors) {
  Fields fields(value, path, errors);
  MatchResources match;
  const std::vector<Value>& rules = fields.list("resourceRules");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    match.rules.push_back(read_rule(rules[i], fields.path("resourceRules", i), mutating, errors));
  }
  const std::vector<Value>& exclusions = fields.list("excludeResourceRules");
  for (std::size_t i = 0; i < exclusions.size(); ++i) {
    match.exclusions.push_back(
        read_rule(exclusions[i], fields.path("excludeResourceRules", i), false, errors));
  }
  if (const Value* selector = fields.map("namespaceSelector")) {
    match.namespace_selector = read_selector(*selector, fields.path("namespaceSelector"), errors);
  }
  if (const Value* selector = fields.map("objectSelector")) {
    match.object_selector = read_selector(*selector, fields.path("objectSelector"), errors);
  }
  static const std::vector<std::string> kPolicies{"Equivalent", "Exact"};
  match.policy = static_cast<MatchPolicy>(fields.choice("matchPolicy", kPolicies));
  fields.finish();
  return match;
}

} // namespace allod::policy
