#include "policy/match_conditions.h"

#include <utility>
#include <vector>

#include "base/text.h"

namespace allod::policy {

namespace {

ConditionResult failed(const Policy& policy, std::string text, std::set<std::string> unknowns) {
  ConditionResult result;
  const bool ignored = policy.failure_policy == FailurePolicy::ignore;
  result.answer = ignored ? ConditionResult::Answer::no : ConditionResult::Answer::error;
  result.error = std::move(text);
  result.unknowns = std::move(unknowns);
  return result;
}

} // namespace

ConditionResult check_match_conditions(const Policy& policy, Evaluation& evaluation) {
  ConditionResult result;
  if (policy.match_conditions.empty()) return result;
  evaluation.start(kMatchConditionsBudget);
  std::vector<std::string> errors;
  for (const MatchCondition& condition : policy.match_conditions) {
    const cel::Value value = evaluation.run(condition.expression);
    if (evaluation.out_of_budget()) return failed(policy, kOutOfBudget, {});
    if (value.is(cel::Kind::error)) {
      errors.push_back(error_text(condition.expression, value));
    } else if (value.is(cel::Kind::unknown)) {
      for (const auto& name : value.as_unknown())
        result.unknowns.emplace(name);
    } else if (!value.as_bool()) {
      result.answer = ConditionResult::Answer::no;
      return result;
    }
  }
  if (errors.empty()) return result;
  return failed(policy, errors.size() == 1 ? errors.front() : "[" + join(errors, ", ") + "]",
                std::move(result.unknowns));
}

} // namespace allod::policy
