#include "policy/evaluation.h"

#include <optional>
#include <utility>

#include "cel/authorizer.h"
#include "policy/expression.h"

namespace allod::policy {

namespace {

using Entries = std::vector<std::pair<cel::Value, cel::Value>>;

cel::Value text(std::string_view value) {
  return cel::Value::string(std::string(value));
}

cel::Value kind_value(const Resource& resource) {
  return cel::Value::map(Entries{{text("group"), text(resource.group)},
                                 {text("version"), text(resource.version)},
                                 {text("kind"), text(resource.kind)}});
}

cel::Value resource_value(const Resource& resource) {
  return cel::Value::map(Entries{{text("group"), text(resource.group)},
                                 {text("version"), text(resource.version)},
                                 {text("resource"), text(resource.plural)}});
}

/// admission.k8s.io/v1 AdmissionRequest without what expressions do not get. Fields that the API
/// server leaves out when they are empty are left out.
cel::Value request_value(const Request& request, const Resource& matched) {
  Entries entries{{text("kind"), kind_value(matched)},
                  {text("resource"), resource_value(matched)},
                  {text("requestKind"), kind_value(*request.resource)},
                  {text("requestResource"), resource_value(*request.resource)},
                  {text("operation"), text(to_string(request.operation))},
                  {text("userInfo"), request.user_info},
                  {text("dryRun"), cel::Value::of_bool(request.dry_run)},
                  {text("options"), request.options},
                  {text("uid"), text("")}};
  const auto add = [&](const char* key, std::string_view value) {
    if (!value.empty()) entries.emplace_back(text(key), text(value));
  };
  add("subResource", request.subresource);
  add("requestSubResource", request.subresource);
  add("name", request.name);
  add("namespace", request.namespace_);
  return cel::Value::map(std::move(entries));
}

/// A namespaced object's namespace that nobody gave is not known.
cel::Value namespace_value(const Subject& subject) {
  const Request& request = subject.request;
  const bool has_one = !request.namespace_.empty() && request.resource->kind != "Namespace";
  if (!has_one) return {};
  return subject.namespace_object.is_null() ? cel::Value::unknown(name::kNamespaceObject)
                                            : subject.namespace_object;
}

} // namespace

SubjectNames::SubjectNames() {
  activation_.set(name::kAuthorizer, cel::authorizer_value(nullptr));
  activation_.set_lazy(name::kResourceAuthorizer, [this] { return resource_check(); });
  activation_.set_lazy(name::kRequest, [this] { return request(); });
}

void SubjectNames::set(const Subject& subject, const Resource* matched) {
  subject_ = &subject;
  matched_ = matched;
  request_ = {};
  const SubjectSlots& slots = subject_slots();
  activation_.set_slot(slots.object, subject.object);
  activation_.set_slot(slots.old_object, subject.old_object);
  activation_.set_slot(slots.namespace_object, namespace_value(subject));
}

/// The question whether whoever sent the request may do what it asks for.
cel::Value SubjectNames::resource_check() const {
  cel::AccessQuestion question;
  const Request& request = subject_->request;
  question.group = request.resource->group;
  question.resource = request.resource->plural;
  question.subresource = request.subresource;
  question.namespace_ = request.namespace_;
  question.name = request.name;
  return cel::resource_check_value(nullptr, std::move(question));
}

const cel::Value& SubjectNames::request() {
  if (request_.is_null()) request_ = request_value(subject_->request, *matched_);
  return request_;
}

/// The variables as one map, for expressions that take them as such.
class Evaluation::Variables : public cel::Map {
 public:
  explicit Variables(Evaluation& evaluation) : evaluation_(evaluation) {}

  [[nodiscard]] std::size_t size() const override { return evaluation_.policy_.variables.size(); }
  [[nodiscard]] std::optional<cel::Value> find(std::string_view key) const override {
    const std::vector<Variable>& variables = evaluation_.policy_.variables;
    for (std::size_t i = 0; i < variables.size(); ++i) {
      if (variables[i].name == key) return evaluation_.variable(i);
    }
    return std::nullopt;
  }
  [[nodiscard]] std::pair<cel::Value, cel::Value> entry(std::size_t index) const override {
    return {text(evaluation_.policy_.variables[index].name), evaluation_.variable(index)};
  }

 private:
  Evaluation& evaluation_;
};

Evaluation::Evaluation(const Policy& policy, const cel::Activation& subject)
    : policy_(policy), activation_(&subject), cells_(policy.variables.size()) {
  if (policy.variables.empty()) return;
  for (std::size_t i = 0; i < policy.variables.size(); ++i) {
    activation_.set_lazy(std::string(name::kVariables) + "." + policy.variables[i].name,
                         [this, i] { return variable(i); });
  }
  activation_.set(name::kVariables,
                  cel::Value::map(std::shared_ptr<const cel::Map>(new Variables(*this))));
}

void Evaluation::begin(const cel::Value& params) {
  activation_.set(name::kParams, params);
  for (Cell& cell : cells_)
    cell = {};
  phase_ = 0;
}

void Evaluation::start(std::uint64_t budget) {
  ++phase_;
  budget_ = budget;
  variables_cost_ = 0;
  out_of_budget_ = false;
}

void Evaluation::charge(std::uint64_t cost) {
  if (cost > budget_) {
    out_of_budget_ = true;
  } else {
    budget_ -= cost;
  }
}

cel::Value Evaluation::run(const Expression& expression) {
  const cel::Program::Outcome outcome = run_limited(expression, activation_);
  charge(std::exchange(variables_cost_, 0));
  if (!out_of_budget_) charge(outcome.cost);
  return outcome.value;
}

const cel::Value& Evaluation::variable(std::size_t index) {
  Cell& cell = cells_[index];
  if (!cell.ready) {
    const Variable& variable = policy_.variables[index];
    cel::Program::Outcome outcome = run_limited(variable.expression, activation_);
    cell.cost = outcome.cost;
    if (outcome.value.is(cel::Kind::error)) {
      cell.value = cel::Value::error("composited variable \"" + variable.name +
                                     "\" fails to evaluate: " + outcome.value.as_error().message);
    } else {
      cell.value = std::move(outcome.value);
    }
    cell.ready = true;
  }
  // The API server computes variables anew in each phase; the value is the same, the cost counts.
  if (cell.phase != phase_) {
    cell.phase = phase_;
    variables_cost_ += cell.cost;
  }
  return cell.value;
}

cel::Program::Outcome run_limited(const Expression& expression, const cel::Activation& names) {
  cel::Program::Outcome outcome = expression.program.run(names, kCallLimits);
  if (outcome.cost > kCallLimits.cost) {
    outcome.value = cel::Value::error("operation cancelled: actual cost limit exceeded");
  }
  return outcome;
}

std::string error_text(const Expression& expression, const cel::Value& value) {
  return "expression '" + expression.source() + "' resulted in error: " + value.as_error().message;
}

} // namespace allod::policy
