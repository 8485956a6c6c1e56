// matchConditions: whether a policy goes on for a subject that its constraints match.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "policy/evaluation.h"
#include "policy/policy.h"

namespace allod::policy {

struct ConditionResult {
  enum class Answer : std::uint8_t { no, yes, error };
  Answer answer = Answer::yes;
  /// Of an error: what the API server says. With failurePolicy Ignore an error is a no.
  std::string error;
  /// What some condition hangs on, when none is false.
  std::set<std::string> unknowns;
};

/// A condition that is false ends it whatever the others say; errors count only when none is.
[[nodiscard]] ConditionResult check_match_conditions(const Policy& policy, Evaluation& evaluation);

} // namespace allod::policy
