// Validation rules of CustomResourceDefinitions over custom resources
// (apiextensions.k8s.io/v1, x-kubernetes-validations; Kubernetes 1.34 with ratcheting).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cel/value.h"
#include "policy/crd_schema.h"
#include "policy/decision.h"
#include "policy/fields.h"
#include "policy/resources.h"

namespace allod::policy {

/// The rules of one version of one definition.
struct CrdVersion {
  const Resource* resource = nullptr;
  std::unique_ptr<SchemaNode> schema;
};

[[nodiscard]] bool is_crd(const document::Value& document);

/// The versions that have rules. Faults of rules go to `errors`.
std::vector<CrdVersion> read_crd(const document::Value& definition, const Resources& resources,
                                 FieldErrors& errors);

/// Appends what the rules refuse. `old_object` is null when there is none. Returns how many rules
/// were evaluated.
std::size_t judge_by_crd(const CrdVersion& version, const cel::Value& object,
                         const cel::Value& old_object, std::vector<Decision>& decisions);

} // namespace allod::policy
