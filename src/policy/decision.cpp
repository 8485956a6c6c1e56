#include "policy/decision.h"

namespace allod::policy {

namespace {

std::string named(const Decision& decision) {
  const bool bound = decision.binding != nullptr && !decision.binding->name.empty();
  const std::string& name = decision.policy->name;
  if (decision.policy->type == PolicyType::mutating) {
    return bound ? "policy '" + name + "' with binding '" + decision.binding->name + "'"
                 : "policy \"" + name + "\"";
  }
  std::string text = "ValidatingAdmissionPolicy '" + name + "'";
  if (bound) text += " with binding '" + decision.binding->name + "'";
  return text;
}

} // namespace

std::string_view to_string(Reason reason) {
  switch (reason) {
  case Reason::invalid:
    return "Invalid";
  case Reason::forbidden:
    return "Forbidden";
  case Reason::unauthorized:
    return "Unauthorized";
  case Reason::request_entity_too_large:
    return "RequestEntityTooLarge";
  }
  return "";
}

int http_status(Reason reason) {
  switch (reason) {
  case Reason::invalid:
    return 422;
  case Reason::forbidden:
    return 403;
  case Reason::unauthorized:
    return 401;
  case Reason::request_entity_too_large:
    return 413;
  }
  return 422;
}

std::string denial_text(const Decision& decision) {
  if (decision.policy == nullptr) return decision.message;
  return named(decision) + " denied request: " + decision.message;
}

std::string warning_text(const Decision& decision) {
  if (decision.policy == nullptr) return decision.message;
  return "Validation failed for " + named(decision) + ": " + decision.message;
}

std::string refusal_text(const Decision& decision, std::string_view group, std::string_view plural,
                         std::string_view name) {
  if (decision.policy != nullptr && decision.policy->type == PolicyType::mutating) {
    return denial_text(decision);
  }
  std::string resource(plural);
  if (!group.empty()) resource += "." + std::string(group);
  return resource + " \"" + std::string(name) + "\" is forbidden: " + denial_text(decision);
}

} // namespace allod::policy
