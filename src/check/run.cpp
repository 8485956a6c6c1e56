#include "check/run.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <optional>
#include <set>
#include <tuple>

#include "check/finding_of.h"
#include "check/gather.h"
#include "check/standard_input.h"
#include "document/cel_value.h"

namespace allod::check {
namespace {

using KindName = std::pair<std::string, std::string>; // group, kind

struct Counts {
  std::uint64_t evaluations = 0;
  std::uint64_t unjudged = 0;

  void add(const policy::Tally& tally) {
    evaluations += tally.validations;
    unjudged += tally.policies == 0 ? 1U : 0U;
  }
  void add(const Counts& other) {
    evaluations += other.evaluations;
    unjudged += other.unjudged;
  }
};

/// What a mutating policy made of an object.
struct Mutated {
  std::uint32_t file = 0;
  std::uint64_t index = 0;
  document::Value object;
};

/// What one worker has of its own; padded so that workers do not share cache lines.
struct alignas(64) Worker {
  policy::Scratch scratch;
  std::vector<policy::Decision> decisions;
  std::vector<Finding> findings;
  std::vector<Mutated> mutated;
  Counts counts;
  std::map<KindName, Counts> guessed;                    ///< of kinds that nobody has declared
  std::map<std::uint32_t, std::string> guessed_files;    ///< that hold such objects
  std::map<std::uint32_t, std::string> definition_files; ///< that hold definitions of kinds
};

/// One reading of the inputs.
class Pass {
 public:
  Pass(const Policies& policies, const RunOptions& options, const Gathered& gathered,
       const ObjectsByIdentity& old)
      : policies_(policies), options_(options), gathered_(gathered), old_(old),
        workers_(manifest::count_workers(options.inputs)) {}

  void judge(unsigned index, const manifest::Object& object);
  std::vector<Worker>& workers() { return workers_; }

 private:
  [[nodiscard]] policy::Subject subject_of(const manifest::Object& object) const;

  const Policies& policies_;
  const RunOptions& options_;
  const Gathered& gathered_;
  const ObjectsByIdentity& old_;
  std::vector<Worker> workers_;
};

policy::Subject Pass::subject_of(const manifest::Object& object) const {
  const manifest::Object* before = nullptr;
  if (!old_.empty()) {
    const auto found = old_.find(identity_of(object, options_.default_namespace));
    if (found != old_.end()) before = &found->second;
  }
  const policy::Operation operation = options_.remove     ? policy::Operation::remove
                                      : before != nullptr ? policy::Operation::update
                                                          : policy::Operation::create;
  policy::Subject subject = policy::subject_of(object.value(), operation, *policies_.resources,
                                               options_.default_namespace);
  if (before != nullptr && !options_.remove) subject.old_object = before->value();
  if (!gathered_.namespaces.empty() && !subject.request.namespace_.empty()) {
    const auto found = gathered_.namespaces.find(subject.request.namespace_);
    if (found != gathered_.namespaces.end()) subject.namespace_object = found->second.value;
  }
  return subject;
}

void Pass::judge(unsigned index, const manifest::Object& object) {
  Worker& worker = workers_[index];
  policy::Subject subject = subject_of(object);
  const policy::Resource& resource = *subject.request.resource;
  worker.decisions.clear();
  if (options_.merge_rules != nullptr) {
    std::optional<document::Value> changed =
        policies_.set.mutate(subject, *options_.merge_rules, worker.decisions);
    if (changed) {
      subject.object = document::to_cel(*changed);
      worker.mutated.push_back({object.file, object.index, std::move(*changed)});
    }
  }
  const policy::Tally tally = policies_.set.judge(subject, worker.scratch, worker.decisions);
  if (resource.kind == "CustomResourceDefinition" && resource.group == "apiextensions.k8s.io")
    worker.definition_files.try_emplace(object.file, object.document->name());
  if (resource.guessed) {
    worker.guessed[{resource.group, resource.kind}].add(tally);
    worker.guessed_files.try_emplace(object.file, object.document->name());
  } else {
    worker.counts.add(tally);
  }
  for (const policy::Decision& decision : worker.decisions) {
    worker.findings.push_back(finding_of(decision, object, subject.request.namespace_,
                                         policies_.rule_of(decision.policy)));
  }
}

/// The whole: one pass, and a second one over some files when definitions were found.
class Run {
 public:
  Run(Policies policies, RunOptions options)
      : policies_(std::move(policies)), options_(std::move(options)) {}

  Report report();

 private:
  void broken(manifest::Problem problem) {
    const std::lock_guard lock(mutex_);
    findings_.push_back(finding_of(std::move(problem)));
  }
  void prepare();
  manifest::Summary read(const manifest::Inputs& inputs, Pass& pass, const std::set<KindName>* only,
                         bool again);
  void take(Pass& pass);
  void judge_declared();
  [[nodiscard]] std::set<KindName> declare();

  Policies policies_;
  RunOptions options_;
  StandardInput standard_input_;
  Gathered gathered_;
  ObjectsByIdentity old_;
  std::mutex mutex_;
  std::vector<Finding> findings_;
  std::vector<Mutated> mutated_;
  Counts counts_;
  std::map<KindName, Counts> guessed_;
  std::map<std::uint32_t, std::string> guessed_files_;
  std::map<std::uint32_t, std::string> definition_files_;
};

/// The last rule stands for those of definitions; it is of interest when it found something.
void drop_unused_definition_rule(Report& report) {
  const auto last = static_cast<std::uint32_t>(report.rules.size() - 1);
  if (std::none_of(report.findings.begin(), report.findings.end(),
                   [last](const Finding& finding) { return finding.rule == last; }))
    report.rules.pop_back();
}

KindName kind_of(std::string_view api_version, std::string_view kind) {
  const std::size_t slash = api_version.find('/');
  return {slash == std::string_view::npos ? std::string()
                                          : std::string(api_version.substr(0, slash)),
          std::string(kind)};
}

void Run::prepare() {
  if (Status copied = standard_input_.stand_in(options_.inputs.paths); !copied)
    broken({std::move(copied).error(), 0, {}});
  Wanted wanted{wanted_params(policies_.set.policies()), policies_.set.needs_namespaces()};
  if (options_.merge_rules != nullptr) {
    for (WantedParam& param : wanted_params(policies_.set.mutating_policies()))
      wanted.params.push_back(std::move(param));
  }
  if (wanted.any()) gathered_ = gather(options_.inputs, wanted);
  for (const manifest::Object& param : gathered_.params)
    policies_.set.add_param(param.value());
  if (options_.old_paths.empty()) return;
  manifest::Inputs old = options_.inputs;
  old.paths = options_.old_paths;
  std::vector<manifest::Problem> problems;
  old_ = read_all(old, options_.default_namespace, problems);
  for (manifest::Problem& problem : problems)
    broken(std::move(problem));
}

/// `only`: the kinds that are judged, or null for all. `again`: what is broken was reported before.
manifest::Summary Run::read(const manifest::Inputs& inputs, Pass& pass,
                            const std::set<KindName>* only, bool again) {
  return manifest::read(
      inputs,
      [&pass, only](unsigned worker, const manifest::Object& object) {
        if (only == nullptr || only->contains(kind_of(object.api_version(), object.kind())))
          pass.judge(worker, object);
      },
      [this, again](manifest::Problem problem) {
        if (!again) broken(std::move(problem));
      });
}

void Run::take(Pass& pass) {
  for (Worker& worker : pass.workers()) {
    std::move(worker.findings.begin(), worker.findings.end(), std::back_inserter(findings_));
    std::move(worker.mutated.begin(), worker.mutated.end(), std::back_inserter(mutated_));
    counts_.add(worker.counts);
    for (const auto& [kind, counts] : worker.guessed)
      guessed_[kind].add(counts);
    guessed_files_.merge(worker.guessed_files);
    definition_files_.merge(worker.definition_files);
  }
}

/// Takes the definitions among the inputs in; returns the kinds they declare.
std::set<KindName> Run::declare() {
  ChosenPolicies files;
  for (const auto& [ordinal, path] : definition_files_)
    files.files.push_back(path);
  PolicyDocuments definitions;
  std::vector<Error> problems;
  read_policies(files, definitions, problems);
  std::set<KindName> kinds;
  PolicyDocuments all = policies_.documents;
  for (document::Value& definition : definitions.policies) {
    if (definition.string_or("kind", "") != "CustomResourceDefinition") continue;
    const document::Value* const group = definition.at_path({"spec", "group"});
    const document::Value* const kind = definition.at_path({"spec", "names", "kind"});
    if (group != nullptr && group->is_string() && kind != nullptr && kind->is_string())
      kinds.emplace(group->as_string(), kind->as_string());
    all.policies.push_back(std::move(definition));
  }
  policies_ = compile(std::move(all), policies_.resources, problems);
  for (const manifest::Object& param : gathered_.params)
    policies_.set.add_param(param.value());
  for (Error& problem : problems)
    broken({std::move(problem), 0, {}});
  return kinds;
}

void Run::judge_declared() {
  if (definition_files_.empty() || guessed_files_.empty()) return;
  std::set<KindName> kinds = declare();
  std::erase_if(kinds, [this](const KindName& kind) { return guessed_.erase(kind) == 0; });
  if (kinds.empty()) return;
  // What was said about them without their definition does not count.
  std::erase_if(findings_, [&kinds](const Finding& finding) {
    return kinds.contains(kind_of(finding.object.api_version, finding.object.kind));
  });
  RunOptions again = options_;
  again.inputs.paths.clear();
  std::vector<std::uint32_t> ordinals;
  for (const auto& [ordinal, path] : guessed_files_) {
    again.inputs.paths.push_back(path);
    ordinals.push_back(ordinal);
  }
  Pass pass(policies_, again, gathered_, old_);
  read(again.inputs, pass, &kinds, true);
  for (Worker& worker : pass.workers()) {
    for (Finding& finding : worker.findings)
      finding.file = finding.file < ordinals.size() ? ordinals[finding.file] : finding.file;
  }
  take(pass);
}

Report Run::report() {
  prepare();
  Pass pass(policies_, options_, gathered_, old_);
  const manifest::Summary read_all_of_it = read(options_.inputs, pass, nullptr, false);
  take(pass);
  judge_declared();
  for (const auto& [kind, counts] : guessed_)
    counts_.add(counts);
  Report report;
  report.rules = std::move(policies_.rules);
  report.findings = std::move(findings_);
  Summary& summary = report.summary;
  summary.evaluations = counts_.evaluations;
  summary.unjudged = counts_.unjudged;
  summary.files = read_all_of_it.files;
  summary.bytes = read_all_of_it.bytes;
  summary.objects = read_all_of_it.objects;
  summary.skipped = read_all_of_it.skipped;
  summary.policies = policies_.set.policies().size();
  for (const Rule& rule : report.rules)
    summary.rules += rule.expressions.size();
  for (Finding& finding : report.findings)
    standard_input_.rename(finding.place.file);
  std::sort(mutated_.begin(), mutated_.end(), [](const Mutated& a, const Mutated& b) {
    return std::tie(a.file, a.index) < std::tie(b.file, b.index);
  });
  for (Mutated& one : mutated_)
    report.mutated.push_back(std::move(one.object));
  drop_unused_definition_rule(report);
  sort_findings(report);
  count_findings(report);
  return report;
}

} // namespace

Report run(Policies policies, const RunOptions& options) {
  return Run(std::move(policies), options).report();
}

} // namespace allod::check
