// Compiles the expressions of policies in the environment that the API server gives them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cel/environment.h"
#include "policy/fields.h"
#include "policy/policy.h"

namespace allod::policy {

/// What an expression may name besides object, oldObject, request and namespaceObject.
struct ExpressionScope {
  bool params = false;
  bool authorizer = true;
  bool patches = false; ///< Object{…} and JSONPatch{…}
  const std::vector<Variable>* variables = nullptr;
};

/// The names of CEL variables; programs look them up by these.
namespace name {
inline constexpr const char* kObject = "object";
inline constexpr const char* kOldObject = "oldObject";
inline constexpr const char* kRequest = "request";
inline constexpr const char* kNamespaceObject = "namespaceObject";
inline constexpr const char* kParams = "params";
inline constexpr const char* kAuthorizer = "authorizer";
inline constexpr const char* kResourceAuthorizer = "authorizer.requestResource";
inline constexpr const char* kVariables = "variables";
} // namespace name

/// Where the values stand that every expression may name.
struct SubjectSlots {
  std::uint32_t object;
  std::uint32_t old_object;
  std::uint32_t namespace_object;
};
[[nodiscard]] const SubjectSlots& subject_slots();

[[nodiscard]] cel::Environment expression_environment(const ExpressionScope& scope);

/// Compiles a text field. `types` are the types of which the result must be one exactly, as the API
/// server has it (a dyn is no bool); empty: any. Faults go to `errors` under `path`; then nothing
/// is returned.
std::optional<Expression> compile_expression(const document::Value& text, const std::string& path,
                                             const cel::Environment& environment,
                                             const std::vector<cel::Type>& types,
                                             FieldErrors& errors);

} // namespace allod::policy
