// Policies compiled for judging: build one, give it what it needs, then judge from many threads.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cel/value.h"
#include "document/value.h"
#include "policy/decision.h"
#include "policy/merge_rules.h"
#include "policy/policy.h"
#include "policy/request.h"
#include "policy/resources.h"

namespace allod::policy {

struct CompileOptions {
  /// A policy that no binding names is taken as bound to everything that its constraints match,
  /// with Deny; when it wants params, with every object of that kind that is given, and refusing
  /// when there is none. Off: such a policy does nothing, as in a cluster.
  bool bind_unbound = true;
};

/// How much was looked at.
struct Tally {
  std::size_t policies = 0;    ///< that matched
  std::size_t validations = 0; ///< that were evaluated
};

/// What one thread needs to judge: reused, so that judging allocates nothing when all is well.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(Scratch&&) noexcept;
  Scratch& operator=(Scratch&&) noexcept;

 private:
  friend class PolicySet;
  struct State;
  std::unique_ptr<State> state_;
};

class PolicySet {
 public:
  /// Reads policies and bindings (admissionregistration.k8s.io: ValidatingAdmissionPolicy,
  /// ValidatingAdmissionPolicyBinding, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding) and
  /// CustomResourceDefinitions; other documents are passed over. What is wrong is judged as the API
  /// server does when a policy is created, goes to `problems` with its place, and the policy is
  /// left out. `resources` outlives the set, and knows the definitions already.
  static PolicySet compile(const std::vector<document::Value>& documents,
                           const Resources& resources, std::vector<Error>& problems,
                           const CompileOptions& options = {});

  PolicySet();
  ~PolicySet();
  PolicySet(PolicySet&&) noexcept;
  PolicySet& operator=(PolicySet&&) noexcept;

  /// In the order of judging: by name, validating ones.
  [[nodiscard]] const std::vector<std::unique_ptr<const Policy>>& policies() const;
  /// The kinds whose objects add_param() wants.
  [[nodiscard]] const std::vector<ParamKind>& param_kinds() const;
  /// Whether the labels or the content of namespaces may decide something.
  [[nodiscard]] bool needs_namespaces() const;

  /// Gives a parameter object, which the set keeps; a borrowed value's owner outlives the set. Of
  /// equal kind, namespace and name the last one counts.
  void add_param(cel::Value object);

  /// Judges one subject. What is refused, undecided or failed is appended to `decisions`, in the
  /// order of the policies, their bindings, params and validations; what is admitted leaves
  /// nothing. Safe from several threads, each with its own scratch.
  Tally judge(const Subject& subject, Scratch& scratch, std::vector<Decision>& decisions,
              std::vector<AuditRecord>* audit = nullptr) const;

  [[nodiscard]] const std::vector<std::unique_ptr<const Policy>>& mutating_policies() const;
  /// Applies the mutating policies to the subject's object, in the order of their names; policies
  /// that ask for it run once more when a later one changed the object. Nothing when it stays as it
  /// is. What fails or is undecided is appended to `decisions`, and left out of the result.
  std::optional<document::Value> mutate(const Subject& subject, const MergeRules& rules,
                                        std::vector<Decision>& decisions) const;

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

} // namespace allod::policy
