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
inline constexpr std::uint64_t kCallCost = 1'000'000;
inline constexpr std::uint64_t kPolicyBudget = 10'000'000;
inline constexpr std::uint64_t kMatchConditionsBudget = 2'500'000;
inline constexpr const char* kOutOfBudget =
    "validation failed due to running out of cost budget, no further validation rules will be run";

/// The subject as expressions see it. Lives as long as the judgement of one subject.
class SubjectNames {
 public:
  SubjectNames() = default;
  /// Both outlive the names.
  void set(const Subject& subject, const Resource* matched);
  [[nodiscard]] const cel::Activation& activation() const { return *activation_; }
  [[nodiscard]] const Subject& subject() const { return *subject_; }
  [[nodiscard]] const Resource* matched() const { return matched_; }

 private:
  const Subject* subject_ = nullptr;
  const Resource* matched_ = nullptr;
  std::unique_ptr<cel::Activation> activation_;
};

/// What the expressions of one policy give. The subject and the policy outlive it.
class Evaluation {
 public:
  Evaluation(const Policy& policy, const cel::Activation& subject, const cel::Value& params);
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  /// A phase of its own (match conditions, validations, messages…) with its own budget.
  void start(std::uint64_t budget);
  /// The expression's value: errors and unknowns are values, too.
  cel::Value run(const Expression& expression);
  /// Whether the last run broke the budget: then the phase is over.
  [[nodiscard]] bool out_of_budget() const { return out_of_budget_; }
  [[nodiscard]] std::uint64_t budget() const { return budget_; }

 private:
  class Variables;
  struct Cell {
    bool ready = false;
    bool busy = false;
    std::uint32_t phase = 0; ///< in which it was last paid for
    std::uint64_t cost = 0;
    cel::Value value;
  };
  cel::Value variable(std::size_t index);
  void charge(std::uint64_t cost);

  const Policy& policy_;
  cel::Activation activation_;
  std::vector<Cell> cells_;
  std::uint32_t phase_ = 0;
  std::uint64_t budget_ = 0;
  std::uint64_t variables_cost_ = 0;
  bool out_of_budget_ = false;
};

} // namespace allod::policy
