// Admission policies as they were read and compiled: immutable, for judging and for explaining.
// Names and meanings are those of admissionregistration.k8s.io/v1 (Kubernetes 1.34).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cel/program.h"
#include "document/value.h"
#include "policy/match.h"
#include "policy/selector.h"

namespace allod::policy {

enum class FailurePolicy : std::uint8_t { fail, ignore };

/// What a binding does with a refusal.
struct Actions {
  bool deny = false;
  bool warn = false;
  bool audit = false;
  bool operator==(const Actions&) const = default;
};

/// A CEL expression with its place.
struct Expression {
  document::Value text; ///< a string; its mark is the place in the policy's file
  cel::Program program;

  [[nodiscard]] const std::string& source() const { return text.as_string(); }
  /// The place of a part of the expression, in bytes.
  [[nodiscard]] document::Mark place(std::size_t offset, std::size_t length) const;
};

struct MatchCondition {
  std::string name;
  Expression expression;
};

struct Variable {
  std::string name;
  Expression expression;
};

struct Validation {
  Expression expression;
  std::string message; ///< empty when none was given
  std::optional<Expression> message_expression;
  std::string reason; ///< "" (Invalid), "Forbidden", "Invalid", "RequestEntityTooLarge"
};

struct AuditAnnotation {
  std::string key;
  Expression value;
};

enum class PatchType : std::uint8_t { apply_configuration, json_patch };

struct Mutation {
  PatchType patch_type = PatchType::apply_configuration;
  Expression expression;
};

struct ParamKind {
  std::string api_version;
  std::string kind;
  bool operator==(const ParamKind&) const = default;
};

struct ParamRef {
  std::string name;
  std::string namespace_;
  std::optional<Selector> selector;
  bool deny_when_missing = false; ///< parameterNotFoundAction: Deny
  bool any_namespace = false;     ///< of a binding that allod made up: every object that was given
};

struct Binding {
  std::string name; ///< empty when the policy came without one
  std::string policy;
  std::optional<ParamRef> params;
  std::optional<MatchResources> match;
  Actions actions;
  document::Mark mark;
};

enum class PolicyType : std::uint8_t { validating, mutating };

struct Policy {
  PolicyType type = PolicyType::validating;
  std::string name;
  std::vector<std::pair<std::string, std::string>> annotations; ///< as they were written
  document::Mark mark;                                          ///< of metadata.name
  FailurePolicy failure_policy = FailurePolicy::fail;
  std::optional<ParamKind> param_kind;
  MatchResources constraints;
  std::vector<MatchCondition> match_conditions;
  std::vector<Variable> variables;
  std::vector<Validation> validations;
  std::vector<AuditAnnotation> audit_annotations;
  std::vector<Mutation> mutations;
  bool reinvoke = false; ///< reinvocationPolicy: IfNeeded
  std::vector<Binding> bindings;

  /// An annotation's value, or empty.
  [[nodiscard]] std::string annotation(std::string_view key) const;
};

} // namespace allod::policy
