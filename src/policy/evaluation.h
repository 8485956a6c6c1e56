// Evaluates a policy's expressions over one subject with one parameter object: variables once each,
// costs counted as the API server counts them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cel/program.h"
#include "policy/policy.h"
#include "policy/request.h"

namespace allod::policy {

/// pkg/apis/cel/config.go of k8s.io/apiserver 0.34.
inline constexpr cel::Limits kCallLimits{10'000'000, cel::kKubernetesCallLimit};
inline constexpr std::uint64_t kPolicyBudget = 10'000'000;
inline constexpr std::uint64_t kMatchConditionsBudget = 2'500'000;
inline constexpr const char* kOutOfBudget =
    "validation failed due to running out of cost budget, no further validation rules will be run";

/// The subject as expressions see it. Made once for a thread, set for each subject.
class SubjectNames {
 public:
  SubjectNames();
  SubjectNames(const SubjectNames&) = delete;
  SubjectNames& operator=(const SubjectNames&) = delete;

  /// Both outlive the next call.
  void set(const Subject& subject, const Resource* matched);
  [[nodiscard]] const cel::Activation& activation() const { return activation_; }
  [[nodiscard]] const Subject& subject() const { return *subject_; }
  [[nodiscard]] const Resource* matched() const { return matched_; }

 private:
  const cel::Value& request();
  [[nodiscard]] cel::Value resource_check() const;

  cel::Activation activation_;
  const Subject* subject_ = nullptr;
  const Resource* matched_ = nullptr;
  cel::Value request_; ///< null until an expression wants it
};

/// What the expressions of one policy give. Made once for a thread and a policy, which outlives it
/// as the subject's names do.
class Evaluation {
 public:
  Evaluation(const Policy& policy, const cel::Activation& subject);
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  /// For a subject and a parameter object: variables are computed anew.
  void begin(const cel::Value& params);
  /// A phase of its own (match conditions, validations, messages…) with its own budget.
  void start(std::uint64_t budget);
  /// The expression's value: errors and unknowns are values, too.
  cel::Value run(const Expression& expression);
  /// Whether the last run broke the budget: then the phase is over.
  [[nodiscard]] bool out_of_budget() const { return out_of_budget_; }
  [[nodiscard]] std::uint64_t budget() const { return budget_; }
  [[nodiscard]] const Policy& policy() const { return policy_; }

 private:
  class Variables;
  struct Cell {
    bool ready = false;
    std::uint32_t phase = 0; ///< in which it was last paid for
    std::uint64_t cost = 0;
    cel::Value value;
  };
  const cel::Value& variable(std::size_t index);
  void charge(std::uint64_t cost);

  const Policy& policy_;
  cel::Activation activation_;
  std::vector<Cell> cells_;
  std::uint32_t phase_ = 0;
  std::uint64_t budget_ = 0;
  std::uint64_t variables_cost_ = 0;
  bool out_of_budget_ = false;
};

/// Evaluates within kCallLimits; passing that of Kubernetes fails in the API server's words.
[[nodiscard]] cel::Program::Outcome run_limited(const Expression& expression,
                                                const cel::Activation& names);

/// What the API server says of an expression that failed; `value` is an error.
[[nodiscard]] std::string error_text(const Expression& expression, const cel::Value& value);

} // namespace allod::policy
