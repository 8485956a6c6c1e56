// What a check found: findings with their places, the rules they come from, and how much was looked
// at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::check {

enum class Severity : std::uint8_t { low, medium, high };
[[nodiscard]] std::string_view to_string(Severity severity);
/// "high", "medium", "low"; medium for everything else.
[[nodiscard]] Severity severity_of(std::string_view text);

enum class Verdict : std::uint8_t {
  failed,    ///< the object is refused
  warned,    ///< a binding only warns of it
  audited,   ///< a binding only records it
  undecided, ///< it hangs on something that is not known here
  error,     ///< the policy could not be evaluated
  broken,    ///< an input that could not be read
  unused,    ///< an exception that matches nothing
};
/// "failed", "warned"…: stable names.
[[nodiscard]] std::string_view to_string(Verdict verdict);
/// Whether it makes the check fail: failed, error and broken do.
[[nodiscard]] bool fails(Verdict verdict);

/// A policy as a reader of findings needs it. What is not said is empty.
struct Rule {
  std::string policy;
  std::string title;
  std::string rationale;
  std::string mend;                  ///< how to put right what it finds
  std::vector<std::string> controls; ///< "nist-800-53:AC-6"
  Severity severity = Severity::medium;
  Place place;                          ///< of the policy
  std::vector<std::string> expressions; ///< of the validations
};

struct ObjectReference {
  std::string api_version;
  std::string kind;
  std::string namespace_;
  std::string name;
  bool operator==(const ObjectReference&) const = default;
};
/// "Deployment shop/web", "Namespace shop"; empty for no object.
[[nodiscard]] std::string describe(const ObjectReference& object);

struct Finding {
  static constexpr std::uint32_t kNoRule = 0xFFFFFFFF;
  static constexpr std::int32_t kNoValidation = -1;

  Verdict verdict = Verdict::failed;
  std::uint32_t rule = kNoRule;            ///< index in Report::rules
  std::int32_t validation = kNoValidation; ///< index in the policy's validations
  std::string part;                        ///< of the policy, when it is no validation
  std::string binding;                     ///< empty when there was none
  std::string message;                     ///< as the API server words it
  std::string expression;                  ///< what decided, when it is not the validation's
  ObjectReference object;                  ///< empty for a broken input
  Place place;                             ///< of the value it is about
  std::string excerpt;                     ///< the line of the place; empty when not to be shown
  std::string path;                  ///< of the value; list elements by name where they have one
  std::vector<std::string> unknowns; ///< what an undecided result hangs on
  std::string hint;                  ///< beside the rule's own way to mend
  std::string exception;             ///< the exception that covered it until it ended
  std::uint32_t file = 0;            ///< order of the inputs
  std::uint64_t index = 0;           ///< order within the file
};

struct Summary {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t objects = 0;
  std::uint64_t skipped = 0;  ///< documents that are no objects
  std::uint64_t unjudged = 0; ///< objects that no policy is about
  std::uint64_t policies = 0;
  std::uint64_t rules = 0;       ///< validations of the policies
  std::uint64_t evaluations = 0; ///< of validations
  std::uint64_t excepted = 0;    ///< findings that an exception covers
  std::uint64_t known = 0;       ///< findings that the baseline has
  std::int64_t milliseconds = 0;

  // Counts of findings by verdict.
  std::uint64_t failed = 0;
  std::uint64_t warned = 0;
  std::uint64_t audited = 0;
  std::uint64_t undecided = 0;
  std::uint64_t errors = 0;
  std::uint64_t broken = 0;
  std::uint64_t unused = 0;
};

struct Report {
  std::vector<Rule> rules;
  std::vector<Finding> findings; ///< in the order of sort_findings()
  /// The objects that mutating policies changed, in the order of the inputs.
  std::vector<document::Value> mutated;
  Summary summary;

  /// nullptr when the finding is of no policy.
  /// What decided; empty when it was no expression.
  [[nodiscard]] const std::string& expression_of(const Finding& finding) const;
  [[nodiscard]] const Rule* rule_of(const Finding& finding) const {
    return finding.rule == Finding::kNoRule ? nullptr : &rules[finding.rule];
  }
};

/// By file, object, policy and validation: the order does not depend on which worker was first.
void sort_findings(Report& report);
/// Counts the findings by verdict into the summary.
void count_findings(Report& report);

} // namespace allod::check
