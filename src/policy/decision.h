// What a policy says about a subject.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "document/value.h"
#include "policy/policy.h"

namespace allod::policy {

enum class Verdict : std::uint8_t {
  admitted,  ///< never in a Decision: what is admitted leaves none
  audited,   ///< refused, and the binding only records it
  warned,    ///< refused, and the binding only warns
  denied,    ///< refused
  undecided, ///< the answer hangs on something that is not known here
  error,     ///< an expression or the configuration failed, and the failure policy is Fail; what
             ///< follows from it is in `actions`
};

/// The class of a refusal as the API server answers it.
enum class Reason : std::uint8_t { invalid, forbidden, unauthorized, request_entity_too_large };
/// "Invalid", "Forbidden"…
[[nodiscard]] std::string_view to_string(Reason reason);
/// The HTTP status of a reason: 422, 403, 401, 413.
[[nodiscard]] int http_status(Reason reason);

/// Where in a policy a decision comes from.
enum class Part : std::uint8_t {
  policy, ///< its configuration, or its budget
  selector,
  match_condition,
  validation,
  audit_annotation,
  mutation,
  crd_rule,
};

struct Decision {
  const Policy* policy = nullptr;   ///< null for a rule of a CustomResourceDefinition
  const Binding* binding = nullptr; ///< null for faults of the policy's own configuration
  Part part = Part::validation;
  std::size_t index = 0; ///< within the part
  Verdict verdict = Verdict::denied;
  Actions actions;
  Reason reason = Reason::invalid;
  std::string message; ///< as the API server words it, without its "… denied request: "
  /// The expression that decided, or null.
  const Expression* expression = nullptr;
  /// Where in the policy's file: of an error the sub-expression, else the expression.
  document::Mark place;
  /// What value of the object it is about; empty: the object as a whole.
  std::vector<document::PathStep> subject_path;
  /// What is not known, when undecided: "namespaceObject", "request.userInfo"…
  std::vector<std::string> unknowns;
};

/// A value that a policy adds to the audit log.
struct AuditRecord {
  std::string key; ///< POLICY/KEY
  std::string value;
};

/// The API server's sentence: "ValidatingAdmissionPolicy 'x' with binding 'y' denied request: …".
[[nodiscard]] std::string denial_text(const Decision& decision);
/// The sentence of its warning: "Validation failed for ValidatingAdmissionPolicy 'x' with …".
[[nodiscard]] std::string warning_text(const Decision& decision);
/// The whole message of the API server's refusal: `pods "a" is forbidden: …`; of a mutating policy
/// it is the sentence alone.
[[nodiscard]] std::string refusal_text(const Decision& decision, std::string_view group,
                                       std::string_view plural, std::string_view name);

} // namespace allod::policy
