// From documents to policies and bindings, checked as the API server checks them when they are
// created (pkg/apis/admissionregistration/validation of Kubernetes 1.34).
#pragma once

#include <optional>

#include "policy/fields.h"
#include "policy/policy.h"

namespace allod::policy {

/// Whether a document is of a kind that read_policy() takes.
[[nodiscard]] bool is_policy(const document::Value& document);
[[nodiscard]] bool is_binding(const document::Value& document);

/// Nothing when there was a fault. `document` is a ValidatingAdmissionPolicy or a
/// MutatingAdmissionPolicy; its bindings are not yet with it.
std::optional<Policy> read_policy(const document::Value& document, FieldErrors& errors);

/// A ValidatingAdmissionPolicyBinding or a MutatingAdmissionPolicyBinding, with what it is for.
struct ReadBinding {
  PolicyType type = PolicyType::validating;
  Binding binding;
};
std::optional<ReadBinding> read_binding(const document::Value& document, FieldErrors& errors);

} // namespace allod::policy
