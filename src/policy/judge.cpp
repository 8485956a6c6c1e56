// The judgement of one subject: which policies it meets, and what they say.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "policy/content.h"
#include "policy/evaluation.h"
#include "policy/match_conditions.h"
#include "policy/recording.h"

namespace allod::policy {

namespace {

constexpr std::size_t kMaxMessage = 5 * 1024;     // of a messageExpression
constexpr std::size_t kMaxAuditValue = 10 * 1024; // of an audit annotation

Reason reason_of(const std::string& word) {
  if (word == "Forbidden") return Reason::forbidden;
  if (word == "RequestEntityTooLarge") return Reason::request_entity_too_large;
  return Reason::invalid;
}

Verdict verdict_of(const Actions& actions) {
  if (actions.deny) return Verdict::denied;
  return actions.warn ? Verdict::warned : Verdict::audited;
}

/// What one policy, binding and parameter object say.
class Judge {
 public:
  Judge(Evaluation& evaluation, const Binding& binding, const SubjectNames& names,
        const cel::Value& params, std::vector<Decision>& decisions)
      : policy_(evaluation.policy()), binding_(binding), names_(names), params_(params),
        evaluation_(evaluation), decisions_(decisions), first_(decisions.size()) {
    evaluation_.begin(params);
  }

  void run(Tally& tally, std::vector<AuditRecord>* audit) {
    if (!match_conditions()) return;
    validations(tally);
    audit_annotations(audit);
    // What hangs on an unknown condition is refused only if the condition holds.
    if (!doubts_.empty()) undecide();
    for (std::size_t i = first_; i < decisions_.size(); ++i) {
      if (decisions_[i].part == Part::validation) {
        decisions_[i].subject_path = path_read_last(policy_, *decisions_[i].expression,
                                                    names_.subject(), names_.matched(), params_);
      }
    }
  }

  void doubt(const std::string& name) { doubts_.insert(name); }

 private:
  Decision& add(Part part, std::size_t index, const Expression* expression) {
    Decision& decision = decisions_.emplace_back();
    decision.policy = &policy_;
    decision.binding = &binding_;
    decision.part = part;
    decision.index = index;
    decision.actions = binding_.actions;
    decision.expression = expression;
    decision.place = expression == nullptr ? policy_.mark : expression->text.mark();
    return decision;
  }

  void add_error(Part part, std::size_t index, const Expression* expression, std::string message,
                 const cel::Value* value = nullptr) {
    if (policy_.failure_policy == FailurePolicy::ignore) return;
    Decision& decision = add(part, index, expression);
    decision.verdict = Verdict::error;
    decision.message = std::move(message);
    if (value == nullptr || expression == nullptr) return;
    const cel::EvaluationError& error = value->as_error();
    if (error.placed) decision.place = expression->place(error.offset, error.length);
  }

  void add_undecided(Part part, std::size_t index, const Expression& expression,
                     const cel::Value& value, std::string message) {
    Decision& decision = add(part, index, &expression);
    decision.verdict = Verdict::undecided;
    decision.message = std::move(message);
    for (const auto& name : value.as_unknown())
      decision.unknowns.emplace_back(name);
  }

  /// Whether the policy goes on.
  bool match_conditions() {
    if (policy_.match_conditions.empty()) return true;
    ConditionResult result = check_match_conditions(policy_, evaluation_);
    doubts_.merge(result.unknowns);
    if (result.answer == ConditionResult::Answer::error) {
      add_error(Part::match_condition, 0, nullptr, std::move(result.error));
      if (!doubts_.empty()) undecide();
    }
    return result.answer == ConditionResult::Answer::yes;
  }

  void validations(Tally& tally) {
    evaluation_.start(kPolicyBudget);
    for (std::size_t i = 0; i < policy_.validations.size(); ++i) {
      const Validation& validation = policy_.validations[i];
      const cel::Value value = evaluation_.run(validation.expression);
      ++tally.validations;
      if (evaluation_.out_of_budget()) {
        decisions_.resize(first_);
        add_error(Part::policy, 0, nullptr, kOutOfBudget);
        return;
      }
      if (value.is(cel::Kind::boolean) && value.as_bool()) continue;
      if (value.is(cel::Kind::error)) {
        add_error(Part::validation, i, &validation.expression,
                  error_text(validation.expression, value), &value);
      } else if (value.is(cel::Kind::unknown)) {
        add_undecided(Part::validation, i, validation.expression, value, fixed_message(validation));
      } else {
        Decision& decision = add(Part::validation, i, &validation.expression);
        decision.verdict = verdict_of(binding_.actions);
        decision.reason = reason_of(validation.reason);
        failed_.push_back(decisions_.size() - 1);
      }
    }
    // Messages come after all validations and share their budget.
    if (!failed_.empty()) messages();
  }

  void messages() {
    evaluation_.start(evaluation_.budget());
    for (const std::size_t at : failed_) {
      const Validation& validation = policy_.validations[decisions_[at].index];
      decisions_[at].message = message_of(validation);
      if (evaluation_.out_of_budget()) {
        decisions_[at].verdict = Verdict::error;
        decisions_[at].message = "failed messageExpression: " + std::string(kOutOfBudget);
      }
    }
  }

  static std::string fixed_message(const Validation& validation) {
    if (!validation.message.empty()) return validation.message;
    return "failed expression: " + std::string(trim(validation.expression.source()));
  }

  std::string message_of(const Validation& validation) {
    if (!validation.message_expression) return fixed_message(validation);
    const cel::Value value = evaluation_.run(*validation.message_expression);
    if (!value.is(cel::Kind::string)) return fixed_message(validation);
    const std::string text(trim(std::string(value.as_string())));
    if (text.empty() || text.size() > kMaxMessage || text.find('\n') != std::string::npos) {
      return fixed_message(validation);
    }
    return text;
  }

  void audit_annotations(std::vector<AuditRecord>* audit) {
    if (policy_.audit_annotations.empty()) return;
    evaluation_.start(kPolicyBudget);
    for (std::size_t i = 0; i < policy_.audit_annotations.size(); ++i) {
      const AuditAnnotation& annotation = policy_.audit_annotations[i];
      const cel::Value value = evaluation_.run(annotation.value);
      if (evaluation_.out_of_budget()) {
        decisions_.resize(first_);
        add_error(Part::policy, 0, nullptr, kOutOfBudget);
        return;
      }
      if (value.is(cel::Kind::error)) {
        const std::size_t before = decisions_.size();
        add_error(Part::audit_annotation, i, &annotation.value, error_text(annotation.value, value),
                  &value);
        // Whatever the binding's actions are, this denies.
        if (decisions_.size() > before) decisions_.back().actions = {true, false, false};
      } else if (value.is(cel::Kind::string) && audit != nullptr) {
        std::string text(trim(std::string(value.as_string())));
        if (text.empty()) continue;
        if (text.size() > kMaxAuditValue) text.resize(kMaxAuditValue);
        audit->push_back({policy_.name + "/" + annotation.key, std::move(text)});
      }
    }
  }

  void undecide() {
    for (std::size_t i = first_; i < decisions_.size(); ++i) {
      Decision& decision = decisions_[i];
      decision.verdict = Verdict::undecided;
      for (const std::string& name : doubts_) {
        if (std::find(decision.unknowns.begin(), decision.unknowns.end(), name) ==
            decision.unknowns.end()) {
          decision.unknowns.push_back(name);
        }
      }
    }
  }

  const Policy& policy_;
  const Binding& binding_;
  const SubjectNames& names_;
  const cel::Value& params_;
  Evaluation& evaluation_;
  std::vector<Decision>& decisions_;
  const std::size_t first_;
  std::vector<std::size_t> failed_;
  std::set<std::string> doubts_;
};

/// Values of one key from several bindings are joined, equal ones once.
void merge_audit(std::vector<AuditRecord>& audit, std::size_t first) {
  std::vector<std::pair<std::string, std::vector<std::string>>> values;
  for (std::size_t i = first; i < audit.size(); ++i) {
    auto known = std::find_if(values.begin(), values.end(),
                              [&](const auto& entry) { return entry.first == audit[i].key; });
    if (known == values.end()) {
      values.emplace_back(audit[i].key, std::vector<std::string>{});
      known = values.end() - 1;
    }
    auto& list = known->second;
    if (std::find(list.begin(), list.end(), audit[i].value) == list.end()) {
      list.push_back(audit[i].value);
    }
  }
  audit.resize(first);
  for (const auto& entry : values)
    audit.push_back({entry.first, join(entry.second, ", ")});
}

/// What no policy is asked about: the API server's own questions and answers
/// (k8s.io/kubernetes, pkg/kubeapiserver/admission/exclusion), which would lock it up.
bool is_exempt(const Resource& resource) {
  const std::string_view plural = resource.plural;
  if (resource.group == "authentication.k8s.io") {
    return plural == "selfsubjectreviews" || plural == "tokenreviews";
  }
  return resource.group == "authorization.k8s.io" &&
         (plural == "localsubjectaccessreviews" || plural == "selfsubjectaccessreviews" ||
          plural == "selfsubjectrulesreviews" || plural == "subjectaccessreviews");
}

struct Candidate {
  const Policy* policy;
  Evaluation* evaluation; // the thread's own
  bool exact;
  const Resource* resource;
};

} // namespace

struct Scratch::State {
  /// The policies that may be about a kind of request, found once.
  using Key = std::tuple<const void*, const Resource*, Operation, std::string>;
  std::map<Key, std::vector<Candidate>> dispatch;
  std::map<const Policy*, Evaluation> evaluations;
  std::vector<const cel::Value*> params;
  SubjectNames names;
  const Resource* named = nullptr; ///< the resource for which `names` were made
};

Scratch::Scratch() : state_(std::make_unique<State>()) {}
Scratch::~Scratch() = default;
Scratch::Scratch(Scratch&&) noexcept = default;
Scratch& Scratch::operator=(Scratch&&) noexcept = default;

void add_configuration_error(const Policy& policy, const Binding* binding, std::string_view message,
                             std::vector<Decision>& decisions) {
  if (policy.failure_policy == FailurePolicy::ignore) return;
  Decision& decision = decisions.emplace_back();
  decision.policy = &policy;
  decision.binding = binding;
  decision.part = Part::policy;
  decision.verdict = Verdict::error;
  decision.actions.deny = true;
  decision.message =
      (binding == nullptr ? "failed to configure policy: " : "failed to configure binding: ") +
      std::string(message);
  decision.place = binding == nullptr ? policy.mark : binding->mark;
}

Tally PolicySet::judge(const Subject& subject, Scratch& scratch, std::vector<Decision>& decisions,
                       std::vector<AuditRecord>* audit) const {
  const Content& content = *content_;
  Scratch::State& state = *scratch.state_;
  const Request& request = subject.request;
  Tally tally;

  const Scratch::State::Key key{&content, request.resource, request.operation, request.subresource};
  auto found = state.dispatch.find(key);
  if (found == state.dispatch.end()) {
    std::vector<Candidate> candidates;
    for (const auto& policy : content.validating) {
      if (is_exempt(*request.resource)) break;
      const Dispatch dispatch = dispatch_of(policy->constraints, *request.resource,
                                            request.subresource, request.operation);
      if (dispatch.possible) {
        Evaluation& evaluation =
            state.evaluations.try_emplace(policy.get(), *policy, state.names.activation())
                .first->second;
        candidates.push_back({policy.get(), &evaluation, dispatch.exact, dispatch.resource});
      }
    }
    found = state.dispatch.emplace(key, std::move(candidates)).first;
  }

  state.named = nullptr;
  for (const Candidate& candidate : found->second) {
    const Policy& policy = *candidate.policy;
    const Match match = candidate.exact
                            ? matches_selectors(policy.constraints, subject, candidate.resource)
                            : matches(policy.constraints, subject);
    if (match.no()) continue;
    ++tally.policies;
    const std::size_t first_audit = audit == nullptr ? 0 : audit->size();
    for (const Binding& binding : policy.bindings) {
      Match bound;
      bound.answer = Match::Answer::yes;
      if (binding.match) bound = matches(*binding.match, subject);
      if (bound.no()) continue;
      state.params.clear();
      const ParamStore* store = policy.param_kind ? content.store(*policy.param_kind) : nullptr;
      if (const Status collected =
              collect_params(policy, binding, store, request.namespace_, state.params);
          !collected) {
        add_configuration_error(policy, &binding, collected.error().message(), decisions);
        continue;
      }
      if (state.named != match.resource) {
        state.names.set(subject, match.resource);
        state.named = match.resource;
      }
      for (const cel::Value* params : state.params) {
        Judge judge(*candidate.evaluation, binding, state.names, *params, decisions);
        if (match.answer == Match::Answer::unknown) judge.doubt(match.detail);
        if (bound.answer == Match::Answer::unknown) judge.doubt(bound.detail);
        judge.run(tally, audit);
      }
    }
    if (audit != nullptr) merge_audit(*audit, first_audit);
  }
  const bool written =
      request.operation == Operation::create || request.operation == Operation::update;
  if (!content.crds.empty() && written && request.subresource.empty()) {
    const auto crd = content.crds.find(request.resource);
    if (crd != content.crds.end()) {
      ++tally.policies;
      tally.validations += judge_by_crd(crd->second, subject.object, subject.old_object, decisions);
    }
  }
  return tally;
}

} // namespace allod::policy
