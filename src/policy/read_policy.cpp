#include "policy/read_policy.h"

#include <set>
#include <utility>

#include "base/text.h"
#include "policy/expression.h"
#include "policy/names.h"
#include "policy/read_match.h"

namespace allod::policy {

using cel::Type;
using document::Value;

namespace {

constexpr std::size_t kMaxMatchConditions = 64;
constexpr std::size_t kMaxAuditAnnotations = 20;
constexpr std::size_t kMaxAuditExpression = 5 * 1024;

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string::npos;
}

std::string to_lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool of_group(const Value& document) {
  const std::string version = document.string_or("apiVersion", "");
  return version.rfind("admissionregistration.k8s.io/", 0) == 0;
}

/// The versions in which the API server of 1.34 serves a kind.
bool served(const std::string& version, PolicyType type) {
  const std::string name = version.substr(version.find('/') + 1);
  if (type == PolicyType::validating) return name == "v1";
  return name == "v1beta1" || name == "v1alpha1";
}

class PolicyReader {
 public:
  PolicyReader(PolicyType type, FieldErrors& errors) : errors_(errors) { policy_.type = type; }

  Policy read(const Value& document) {
    Fields fields(document, "", errors_);
    read_head(fields, document);
    fields.ignore("status");
    if (const Value* spec = fields.map("spec")) {
      read_spec(*spec);
    } else {
      errors_.required(document.mark(), "spec");
    }
    fields.finish();
    return std::move(policy_);
  }

 private:
  void read_head(Fields& fields, const Value& document) {
    const Value* version = fields.text("apiVersion");
    if (version != nullptr && !served(version->as_string(), policy_.type)) {
      errors_.invalid(*version, "apiVersion", "Kubernetes 1.34 does not serve this version");
    }
    fields.ignore("kind");
    const Value* metadata = fields.map("metadata");
    const Value* name = metadata == nullptr ? nullptr : metadata->find("name");
    if (name == nullptr || !name->is_string()) {
      errors_.required(metadata == nullptr ? document.mark() : metadata->mark(), "metadata.name");
      policy_.mark = document.mark();
      return;
    }
    policy_.name = name->as_string();
    policy_.mark = name->mark();
    if (!is_dns_subdomain(policy_.name)) {
      errors_.invalid(*name, "metadata.name", "must be a lower-case DNS subdomain (RFC 1123)");
    }
    if (const Value* annotations = metadata->find("annotations");
        annotations != nullptr && annotations->is_map()) {
      for (const document::Member& member : annotations->members()) {
        if (member.value.is_string()) {
          policy_.annotations.emplace_back(member.key, member.value.as_string());
        }
      }
    }
  }

  void read_spec(const Value& value) {
    Fields fields(value, "spec", errors_);
    static const std::vector<std::string> kFailure{"Fail", "Ignore"};
    policy_.failure_policy = static_cast<FailurePolicy>(fields.choice("failurePolicy", kFailure));
    if (const Value* kind = fields.map("paramKind")) read_param_kind(*kind);
    const bool mutating = policy_.type == PolicyType::mutating;
    if (const Value* match = fields.map("matchConstraints")) {
      policy_.constraints =
          read_match_resources(*match, fields.path("matchConstraints"), mutating, errors_);
      if (policy_.constraints.rules.empty()) {
        errors_.required(match->mark(), "spec.matchConstraints.resourceRules");
      }
    } else {
      errors_.required(value.mark(), "spec.matchConstraints");
    }
    read_match_conditions(fields);
    read_variables(fields);
    if (mutating) {
      read_mutations(fields);
      static const std::vector<std::string> kReinvocation{"Never", "IfNeeded"};
      if (fields.text("reinvocationPolicy") == nullptr) {
        errors_.required(value.mark(), "spec.reinvocationPolicy");
      }
      policy_.reinvoke = fields.choice("reinvocationPolicy", kReinvocation) == 1;
    } else {
      read_validations(fields);
      read_audit_annotations(fields);
      if (policy_.validations.empty() && policy_.audit_annotations.empty() &&
          fields.list("validations").empty() && fields.list("auditAnnotations").empty()) {
        errors_.required(value.mark(), "spec.validations",
                         "validations or auditAnnotations must contain at least one item");
      }
    }
    fields.finish();
  }

  void read_param_kind(const Value& value) {
    Fields fields(value, "spec.paramKind", errors_);
    ParamKind kind{fields.string("apiVersion"), fields.string("kind")};
    fields.finish();
    const std::size_t slash = kind.api_version.find('/');
    const std::string version =
        slash == std::string::npos ? kind.api_version : kind.api_version.substr(slash + 1);
    if (kind.api_version.empty()) {
      errors_.required(value.mark(), "spec.paramKind.apiVersion");
    } else if (!is_dns_label(version) ||
               (slash != std::string::npos &&
                !is_dns_subdomain(std::string_view(kind.api_version).substr(0, slash)))) {
      errors_.invalid(*fields.take("apiVersion"), "spec.paramKind.apiVersion",
                      "must be a group and a version: group/v1, or v1 for the core group");
    }
    if (kind.kind.empty()) {
      errors_.required(value.mark(), "spec.paramKind.kind");
    } else if (!is_dns_label(to_lower(kind.kind))) {
      errors_.invalid(*fields.take("kind"), "spec.paramKind.kind",
                      "may have mixed case, but should otherwise be a DNS label (RFC 1035)");
    }
    policy_.param_kind = std::move(kind);
  }

  [[nodiscard]] cel::Environment environment(bool authorizer, bool variables,
                                             bool patches = false) const {
    ExpressionScope scope;
    scope.params = policy_.param_kind.has_value();
    scope.authorizer = authorizer;
    scope.patches = patches;
    scope.variables = variables ? &policy_.variables : nullptr;
    return expression_environment(scope);
  }

  /// The expression in a field that must not be blank.
  std::optional<Expression> expression(Fields& fields, std::string_view field,
                                       const cel::Environment& environment,
                                       const std::vector<Type>& types, const Value& owner) {
    const Value* text = fields.text(field);
    if (text == nullptr || is_blank(text->as_string())) {
      errors_.required(text == nullptr ? owner.mark() : text->mark(), fields.path(field),
                       std::string(field) + " is not specified");
      return std::nullopt;
    }
    return compile_expression(*text, fields.path(field), environment, types, errors_);
  }

  void read_match_conditions(Fields& spec) {
    const std::vector<Value>& items = spec.list("matchConditions");
    if (items.size() > kMaxMatchConditions) {
      errors_.add(document::error_at(spec.take("matchConditions")->mark(),
                                     spec.path("matchConditions") +
                                         ": Too many: " + std::to_string(items.size()) +
                                         ": must have at most 64 items"));
    }
    if (items.empty()) return;
    // Match conditions see no variables.
    const cel::Environment names = environment(true, false);
    std::set<std::string> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
      Fields fields(items[i], spec.path("matchConditions", i), errors_);
      const Value* name = fields.text("name");
      if (name == nullptr || name->as_string().empty()) {
        errors_.required(items[i].mark(), fields.path("name"));
      } else if (!is_qualified_name(name->as_string())) {
        errors_.invalid(*name, fields.path("name"), "must be a qualified name");
      } else if (!seen.insert(name->as_string()).second) {
        errors_.duplicate(*name, fields.path("name"));
      }
      auto compiled = expression(fields, "expression", names, {Type::boolean()}, items[i]);
      fields.finish();
      if (compiled && name != nullptr) {
        policy_.match_conditions.push_back({name->as_string(), std::move(*compiled)});
      }
    }
  }

  void read_variables(Fields& spec) {
    const std::vector<Value>& items = spec.list("variables");
    for (std::size_t i = 0; i < items.size(); ++i) {
      Fields fields(items[i], spec.path("variables", i), errors_);
      const Value* name = fields.text("name");
      if (name == nullptr || is_blank(name->as_string())) {
        errors_.required(items[i].mark(), fields.path("name"), "name is not specified");
      } else if (!is_cel_identifier(name->as_string())) {
        errors_.invalid(*name, fields.path("name"), "must be a valid CEL identifier");
      }
      // A variable sees those before it.
      auto compiled = expression(fields, "expression", environment(true, true), {}, items[i]);
      fields.finish();
      if (compiled && name != nullptr) {
        policy_.variables.push_back({name->as_string(), std::move(*compiled)});
      }
    }
  }

  void read_validations(Fields& spec) {
    const std::vector<Value>& items = spec.list("validations");
    if (items.empty()) return;
    const cel::Environment names = environment(true, true);
    const cel::Environment message_names = environment(false, true);
    for (std::size_t i = 0; i < items.size(); ++i) {
      Fields fields(items[i], spec.path("validations", i), errors_);
      auto compiled = expression(fields, "expression", names, {Type::boolean()}, items[i]);
      std::optional<Expression> message_expression;
      if (const Value* text = fields.text("messageExpression");
          text != nullptr && !text->as_string().empty()) {
        if (is_blank(text->as_string())) {
          errors_.invalid(*text, fields.path("messageExpression"),
                          "must be non-empty if specified");
        } else {
          message_expression = compile_expression(*text, fields.path("messageExpression"),
                                                  message_names, {Type::string()}, errors_);
        }
      }
      const std::string message = read_message(fields);
      static const std::vector<std::string> kReasons{"Forbidden", "Invalid",
                                                     "RequestEntityTooLarge"};
      const Value* reason = fields.text("reason");
      const std::string word = reason == nullptr ? "" : kReasons[fields.choice("reason", kReasons)];
      fields.finish();
      if (compiled) {
        policy_.validations.push_back(
            {std::move(*compiled), message, std::move(message_expression), word});
      }
    }
  }

  std::string read_message(Fields& fields) {
    const Value* message = fields.text("message");
    if (message == nullptr || message->as_string().empty()) return {};
    if (is_blank(message->as_string())) {
      errors_.invalid(*message, fields.path("message"), "must be non-empty if specified");
    }
    const std::string trimmed(trim(message->as_string()));
    if (trimmed.find_first_of("\n\r") != std::string::npos) {
      errors_.invalid(*message, fields.path("message"), "must not contain line breaks");
    }
    return trimmed;
  }

  void read_audit_annotations(Fields& spec) {
    const std::vector<Value>& items = spec.list("auditAnnotations");
    if (items.empty()) return;
    if (items.size() > kMaxAuditAnnotations) {
      errors_.invalid(*spec.take("auditAnnotations"), spec.path("auditAnnotations"),
                      "must not have more than 20 auditAnnotations");
    }
    const cel::Environment names = environment(true, true);
    std::set<std::string> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
      Fields fields(items[i], spec.path("auditAnnotations", i), errors_);
      const Value* key = fields.text("key");
      const std::string name = key == nullptr ? "" : key->as_string();
      if (!is_qualified_name(policy_.name + "/" + name)) {
        errors_.invalid(key == nullptr ? items[i] : *key, fields.path("key"),
                        "must be the name of a qualified name");
      } else if (!seen.insert(name).second) {
        errors_.duplicate(*key, fields.path("key"));
      }
      if (const Value* text = fields.text("valueExpression");
          text != nullptr && trim(text->as_string()).size() > kMaxAuditExpression) {
        errors_.required(text->mark(), fields.path("valueExpression"),
                         "must not exceed 5120 bytes in length");
      }
      auto compiled =
          expression(fields, "valueExpression", names, {Type::string(), Type::null()}, items[i]);
      fields.finish();
      if (compiled) policy_.audit_annotations.push_back({name, std::move(*compiled)});
    }
  }

  void read_mutations(Fields& spec) {
    const std::vector<Value>& items = spec.list("mutations");
    if (items.empty()) {
      errors_.required(spec.mark(), spec.path("mutations"),
                       "mutations must contain at least one item");
      return;
    }
    const cel::Environment names = environment(true, true, true);
    for (std::size_t i = 0; i < items.size(); ++i) {
      Fields fields(items[i], spec.path("mutations", i), errors_);
      static const std::vector<std::string> kTypes{"ApplyConfiguration", "JSONPatch"};
      static const std::vector<std::string> kFields{"applyConfiguration", "jsonPatch"};
      static const std::vector<Type> kResults{Type::object("Object"),
                                              Type::list(Type::object("JSONPatch"))};
      if (fields.text("patchType") == nullptr) {
        errors_.required(items[i].mark(), fields.path("patchType"));
      }
      const std::size_t type = fields.choice("patchType", kTypes);
      if (fields.take(kFields[1 - type]) != nullptr) {
        errors_.invalid(*fields.take(kFields[1 - type]), fields.path(kFields[1 - type]),
                        "must not be specified when patchType is " + kTypes[type]);
      }
      if (const Value* patch = fields.map(kFields[type])) {
        Fields inner(*patch, fields.path(kFields[type]), errors_);
        auto compiled = expression(inner, "expression", names, {kResults[type]}, *patch);
        inner.finish();
        if (compiled) {
          policy_.mutations.push_back({static_cast<PatchType>(type), std::move(*compiled)});
        }
      } else {
        errors_.required(items[i].mark(), fields.path(kFields[type]),
                         "must be specified when patchType is " + kTypes[type]);
      }
      fields.finish();
    }
  }

  FieldErrors& errors_;
  Policy policy_;
};

ParamRef read_param_ref(const Value& value, FieldErrors& errors) {
  Fields fields(value, "spec.paramRef", errors);
  ParamRef ref;
  ref.name = fields.string("name");
  ref.namespace_ = fields.string("namespace");
  if (!ref.name.empty() && !is_path_segment(ref.name)) {
    errors.invalid(*fields.take("name"), fields.path("name"), "cannot be a name");
  }
  if (const Value* selector = fields.map("selector")) {
    ref.selector = read_selector(*selector, fields.path("selector"), errors);
    if (!ref.name.empty()) {
      errors.add(document::error_at(selector->mark(),
                                    fields.path("selector") +
                                        ": Forbidden: name and selector are mutually exclusive"));
    }
  } else if (ref.name.empty()) {
    errors.required(value.mark(), "spec.paramRef", "one of name or selector must be specified");
  }
  static const std::vector<std::string> kActions{"Allow", "Deny"};
  if (fields.text("parameterNotFoundAction") == nullptr) {
    errors.required(value.mark(), fields.path("parameterNotFoundAction"));
  }
  ref.deny_when_missing = fields.choice("parameterNotFoundAction", kActions) == 1;
  fields.finish();
  return ref;
}

Actions read_actions(Fields& fields) {
  static const std::vector<std::string> kActions{"Audit", "Deny", "Warn"};
  FieldErrors& errors = fields.errors();
  const Value* list = fields.take("validationActions");
  const std::vector<std::string> words = fields.strings("validationActions");
  Actions actions;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string at = fields.path("validationActions", i);
    bool* action = words[i] == "Deny"    ? &actions.deny
                   : words[i] == "Warn"  ? &actions.warn
                   : words[i] == "Audit" ? &actions.audit
                                         : nullptr;
    if (action == nullptr) {
      errors.unsupported(list->items()[i], at, kActions);
    } else if (*action) {
      errors.duplicate(list->items()[i], at);
    } else {
      *action = true;
    }
  }
  if (actions.deny && actions.warn) {
    errors.invalid(*list, fields.path("validationActions"), "must not contain both Deny and Warn");
  }
  if (words.empty()) {
    errors.required(list == nullptr ? fields.mark() : list->mark(),
                    fields.path("validationActions"), "at least one validation action is required");
  }
  return actions;
}

} // namespace

bool is_policy(const Value& document) {
  const std::string kind = document.string_or("kind", "");
  return of_group(document) &&
         (kind == "ValidatingAdmissionPolicy" || kind == "MutatingAdmissionPolicy");
}

bool is_binding(const Value& document) {
  const std::string kind = document.string_or("kind", "");
  return of_group(document) &&
         (kind == "ValidatingAdmissionPolicyBinding" || kind == "MutatingAdmissionPolicyBinding");
}

std::optional<Policy> read_policy(const Value& document, FieldErrors& errors) {
  const std::size_t before = errors.count();
  const bool mutating = document.string_or("kind", "") == "MutatingAdmissionPolicy";
  Policy policy =
      PolicyReader(mutating ? PolicyType::mutating : PolicyType::validating, errors).read(document);
  if (errors.count() != before) return std::nullopt;
  return policy;
}

std::optional<ReadBinding> read_binding(const Value& document, FieldErrors& errors) {
  const std::size_t before = errors.count();
  ReadBinding read;
  const bool mutating = document.string_or("kind", "") == "MutatingAdmissionPolicyBinding";
  read.type = mutating ? PolicyType::mutating : PolicyType::validating;
  Binding& binding = read.binding;
  Fields fields(document, "", errors);
  fields.ignore("apiVersion");
  fields.ignore("kind");
  binding.mark = document.mark();
  if (const Value* metadata = fields.map("metadata")) {
    binding.name = metadata->string_or("name", "");
    if (const Value* name = metadata->find("name")) binding.mark = name->mark();
  }
  if (!is_dns_subdomain(binding.name)) {
    errors.add(document::error_at(
        binding.mark, "metadata.name: Invalid value: a lower-case DNS subdomain is expected "
                      "(RFC 1123)"));
  }
  if (const Value* spec = fields.map("spec")) {
    Fields inner(*spec, "spec", errors);
    binding.policy = inner.string("policyName");
    if (binding.policy.empty()) {
      errors.required(spec->mark(), "spec.policyName");
    } else if (!is_dns_subdomain(binding.policy)) {
      errors.invalid(*inner.take("policyName"), "spec.policyName",
                     "must be a lower-case DNS subdomain (RFC 1123)");
    }
    if (const Value* ref = inner.map("paramRef")) binding.params = read_param_ref(*ref, errors);
    if (const Value* match = inner.map("matchResources")) {
      binding.match = read_match_resources(*match, "spec.matchResources", mutating, errors);
    }
    if (mutating) {
      binding.actions.deny = true;
    } else {
      binding.actions = read_actions(inner);
    }
    inner.finish();
  } else {
    errors.required(document.mark(), "spec");
  }
  fields.finish();
  if (errors.count() != before) return std::nullopt;
  return read;
}

} // namespace allod::policy
