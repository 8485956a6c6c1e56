// MutatingAdmissionPolicies over one subject: in order, and once more those that ask for it.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "document/cel_value.h"
#include "policy/content.h"
#include "policy/evaluation.h"
#include "policy/json_patch.h"
#include "policy/match_conditions.h"

namespace allod::policy {

using document::Value;

namespace {

/// A policy with a binding and a parameter object.
struct Invocation {
  const Policy* policy;
  const Binding* binding;
  const cel::Value* params;
  const Resource* matched;
  std::set<std::string> doubts; ///< what must be known to say that it applies
};

class Mutator {
 public:
  Mutator(const Subject& subject, const MergeRules& rules, std::vector<Decision>& decisions)
      : subject_(subject), rules_(rules), decisions_(decisions) {}

  /// False when the object is one that documents cannot hold, for instance with unknown values.
  bool start() {
    Result<Value> object = document::from_cel(subject_.object);
    if (!object) return false;
    object_ = std::move(*object);
    return true;
  }

  /// Whether the policy applies; if it does, its mutations have been done.
  bool run(const Invocation& invocation) {
    SubjectNames names;
    names.set(subject_, invocation.matched);
    Evaluation evaluation(*invocation.policy, names.activation());
    evaluation.begin(*invocation.params);
    ConditionResult conditions = check_match_conditions(*invocation.policy, evaluation);
    if (conditions.answer == ConditionResult::Answer::no) return false;
    if (conditions.answer == ConditionResult::Answer::error) {
      add(invocation, 0, Verdict::error, std::move(conditions.error)).part = Part::match_condition;
      return false;
    }
    std::set<std::string> doubts = invocation.doubts;
    doubts.insert(conditions.unknowns.begin(), conditions.unknowns.end());
    if (!doubts.empty()) {
      Decision& decision =
          add(invocation, 0, Verdict::undecided, "whether the policy applies is not known");
      decision.unknowns.assign(doubts.begin(), doubts.end());
      return false;
    }
    for (std::size_t i = 0; i < invocation.policy->mutations.size(); ++i)
      mutate(invocation, i);
    return true;
  }

  [[nodiscard]] const Value& object() const { return object_; }
  [[nodiscard]] bool touched() const { return touched_; }

 private:
  Decision& add(const Invocation& invocation, std::size_t index, Verdict verdict,
                std::string message) {
    Decision& decision = decisions_.emplace_back();
    decision.policy = invocation.policy;
    decision.binding = invocation.binding;
    decision.part = Part::mutation;
    decision.index = index;
    decision.verdict = verdict;
    decision.actions.deny = true;
    decision.message = std::move(message);
    decision.place = invocation.policy->mark;
    return decision;
  }

  void fail(const Invocation& invocation, std::size_t index, std::string message) {
    if (invocation.policy->failure_policy == FailurePolicy::ignore) return;
    Decision& decision = add(invocation, index, Verdict::error, std::move(message));
    decision.expression = &invocation.policy->mutations[index].expression;
    decision.place = decision.expression->text.mark();
  }

  void mutate(const Invocation& invocation, std::size_t index) {
    const Mutation& mutation = invocation.policy->mutations[index];
    // Each mutation sees what those before it made, and computes its variables anew.
    SubjectNames names;
    names.set(subject_, invocation.matched);
    Evaluation evaluation(*invocation.policy, names.activation());
    evaluation.begin(*invocation.params);
    evaluation.start(kPolicyBudget);
    const cel::Value value = evaluation.run(mutation.expression);
    if (evaluation.out_of_budget()) return fail(invocation, index, kOutOfBudget);
    if (value.is(cel::Kind::error)) {
      return fail(invocation, index, error_text(mutation.expression, value));
    }
    if (value.is(cel::Kind::unknown)) {
      Decision& decision =
          add(invocation, index, Verdict::undecided, "what the mutation sets is not known");
      decision.expression = &mutation.expression;
      for (const auto& name : value.as_unknown())
        decision.unknowns.emplace_back(name);
      return;
    }
    const Status applied = mutation.patch_type == PatchType::json_patch
                               ? apply_patch(value)
                               : apply_configuration(value);
    if (!applied) return fail(invocation, index, applied.error().message());
    touched_ = true;
    subject_.object = document::to_cel(object_);
  }

  Status apply_configuration(const cel::Value& value) {
    Result<Value> patch = document::from_cel(value);
    if (!patch) return std::move(patch).error();
    const Resource& resource = *subject_.request.resource;
    const MergeType* type = rules_.of_kind(resource.api_version(), resource.kind);
    if (type == nullptr) {
      return Error(ErrorCode::invalid_input, "Resource kind " + resource.api_version() +
                                                 ", Kind=" + resource.kind + " not found");
    }
    patch->set("apiVersion", resource.api_version());
    patch->set("kind", resource.kind);
    if (Status merged = merge_configuration(object_, *patch, *type); !merged) {
      return Error(ErrorCode::invalid_input, "error applying patch: " + merged.error().message());
    }
    return {};
  }

  Status apply_patch(const cel::Value& value) {
    std::vector<PatchOperation> operations;
    const cel::List& list = value.as_list();
    for (std::size_t i = 0; i < list.size(); ++i) {
      const cel::Value element = list.at(i);
      PatchOperation operation;
      const auto text = [&](const char* key) {
        const std::optional<cel::Value> field = element.as_map().find(key);
        return field && field->is(cel::Kind::string) ? std::string(field->as_string())
                                                     : std::string();
      };
      operation.op = text("op");
      operation.path = text("path");
      operation.from = text("from");
      if (const std::optional<cel::Value> given = element.as_map().find("value")) {
        Result<Value> converted = document::from_cel(*given);
        if (!converted) return std::move(converted).error();
        operation.value = std::move(*converted);
      }
      operations.push_back(std::move(operation));
    }
    const Result<bool> applied = apply_json_patch(object_, operations);
    if (!applied) {
      return Error(ErrorCode::invalid_input, "JSON Patch: " + applied.error().message());
    }
    return {};
  }

  Subject subject_; ///< its object is what came out so far
  const MergeRules& rules_;
  std::vector<Decision>& decisions_;
  Value object_;
  bool touched_ = false;
};

} // namespace

std::optional<Value> PolicySet::mutate(const Subject& subject, const MergeRules& rules,
                                       std::vector<Decision>& decisions) const {
  const Request& request = subject.request;
  if (content_->mutating.empty() || subject.object.is_null()) return std::nullopt;
  std::vector<Invocation> invocations;
  for (const auto& policy : content_->mutating) {
    const Match match = matches(policy->constraints, subject);
    if (match.no()) continue;
    const ParamStore* store = policy->param_kind ? content_->store(*policy->param_kind) : nullptr;
    for (const Binding& binding : policy->bindings) {
      Match bound;
      bound.answer = Match::Answer::yes;
      if (binding.match) bound = matches(*binding.match, subject);
      if (bound.no()) continue;
      std::vector<const cel::Value*> params;
      if (const Status collected =
              collect_params(*policy, binding, store, request.namespace_, params);
          !collected) {
        add_configuration_error(*policy, &binding, collected.error().message(), decisions);
        continue;
      }
      std::set<std::string> doubts;
      for (const Match* one : {&match, static_cast<const Match*>(&bound)}) {
        if (one->answer == Match::Answer::unknown) doubts.insert(one->detail);
      }
      for (const cel::Value* param : params)
        invocations.push_back({policy.get(), &binding, param, match.resource, doubts});
    }
  }
  Mutator mutator(subject, rules, decisions);
  if (invocations.empty() || !mutator.start()) return std::nullopt;

  const Value before = mutator.object();
  // Those that want it run once more when a later one changed the object.
  std::vector<const Invocation*> invoked;
  std::vector<const Invocation*> again;
  const auto require_again = [&] {
    again.insert(again.end(), invoked.begin(), invoked.end());
    invoked.clear();
  };
  for (const Invocation& invocation : invocations) {
    const Value unchanged = mutator.object();
    if (!mutator.run(invocation)) continue;
    if (!(mutator.object() == unchanged)) require_again();
    if (invocation.policy->reinvoke) invoked.push_back(&invocation);
  }
  if (mutator.touched()) require_again();
  for (const Invocation* invocation : again)
    (void)mutator.run(*invocation);
  if (mutator.object() == before) return std::nullopt;
  return mutator.object();
}

} // namespace allod::policy
