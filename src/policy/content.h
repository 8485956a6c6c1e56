// What a PolicySet holds, for the files that judge.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/crd_rules.h"
#include "policy/policy_set.h"

namespace allod::policy {

/// The parameter objects of one kind, by namespace and name.
struct ParamStore {
  ParamKind kind;
  const Resource* resource = nullptr;
  std::map<std::string, std::map<std::string, cel::Value>> objects;
};

struct PolicySet::Content {
  const Resources* resources = nullptr;
  std::vector<std::unique_ptr<const Policy>> validating;
  std::vector<std::unique_ptr<const Policy>> mutating;
  std::unordered_map<const Resource*, CrdVersion> crds;
  std::vector<ParamKind> param_kinds;
  std::vector<ParamStore> stores; ///< by param_kinds
  bool needs_namespaces = false;

  [[nodiscard]] const ParamStore* store(const ParamKind& kind) const;
};

/// The params with which a binding applies to a request; a null stands for none. Errors:
/// invalid_input in the API server's words.
[[nodiscard]] Status collect_params(const Policy& policy, const Binding& binding,
                                    const ParamStore* store, const std::string& namespace_,
                                    std::vector<const cel::Value*>& params);

/// A binding, or without one a policy, that cannot do its work.
void add_configuration_error(const Policy& policy, const Binding* binding, std::string_view message,
                             std::vector<Decision>& decisions);

} // namespace allod::policy
