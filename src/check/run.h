// The run: objects are judged by policies as they are read, on all cores.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "check/finding.h"
#include "check/policy_files.h"
#include "manifest/read.h"
#include "policy/merge_rules.h"
#include "policy/policy_set.h"

namespace allod::check {

/// Policies ready for judging, with what they were made from.
struct Policies {
  std::shared_ptr<policy::Resources> resources;
  policy::PolicySet set;
  std::vector<Rule> rules; ///< in the order of set.policies(); then that of definitions' rules
  std::map<const policy::Policy*, std::uint32_t> index;
  PolicyDocuments documents;

  [[nodiscard]] std::uint32_t rule_of(const policy::Policy* policy) const;
};

/// Compiles documents; their params are given to the set. Faults go to `problems`.
[[nodiscard]] Policies compile(PolicyDocuments documents,
                               std::shared_ptr<policy::Resources> resources,
                               std::vector<Error>& problems);

struct RunOptions {
  manifest::Inputs inputs;
  /// What the objects were before: one that is found there by kind, namespace and name is judged
  /// as an update.
  std::vector<std::string> old_paths;
  bool remove = false; ///< as if the objects were deleted
  std::string default_namespace = "default";
  /// Applies mutating policies before the objects are judged, and keeps what they changed; null:
  /// they are passed over. Not owned.
  const policy::MergeRules* merge_rules = nullptr;
};

/// Reads and judges. Memory grows with the findings, not with the files. Params and namespaces are
/// collected in a pass before, when policies want any. When there are definitions of custom
/// resources among the inputs, the files with such resources are read once more, to judge them by
/// the definitions' rules and names. Summary::milliseconds is left to the caller.
[[nodiscard]] Report run(Policies policies, const RunOptions& options);

} // namespace allod::check
