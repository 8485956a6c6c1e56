// What the tests of policies share: policies from YAML, subjects, and decisions as short texts.
#pragma once

#include <string>
#include <vector>

#include "document/cel_value.h"
#include "document/document_file.h"
#include "document/yaml_reader.h"
#include "policy/merge_rules.h"
#include "policy/policy_set.h"

namespace allod::policy::test {

inline std::vector<document::Value> read(const std::string& yaml) {
  Result<std::vector<document::Value>> documents = document::read_yaml("p.yaml", yaml);
  return documents ? std::move(*documents) : std::vector<document::Value>();
}

inline cel::Value value(const std::string& yaml) {
  const Result<document::Value> document = document::read_yaml_document("o.yaml", yaml);
  return document ? document::to_cel(*document) : cel::Value::error(document.error().message());
}

inline const Resources& resources() {
  static const Resources* kResources = [] {
    auto* table = new Resources; // lives as long as the tests
    const Result<document::Value> document = document::read_document_file(
        std::string(ALLOD_SOURCE_DIR) + "/catalogue/kubernetes/resources.yaml");
    if (document) (void)table->add_table(*document).ok();
    return table;
  }();
  return *kResources;
}

/// How built-in kinds are merged.
inline const MergeRules& rules() {
  static const MergeRules kRules = [] {
    MergeRules result;
    const auto table = document::read_document_file(std::string(ALLOD_SOURCE_DIR) +
                                                    "/catalogue/kubernetes/merge.yaml");
    if (table) (void)result.add_table(*table).ok();
    return result;
  }();
  return kRules;
}

/// A whole policy around parts of its spec, each indented by two.
inline std::string policy(const std::string& spec, const std::string& name = "test") {
  return "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\n"
         "metadata: {name: " +
         name + "}\nspec:\n" + spec;
}

/// The usual constraint.
inline const std::string kDeployments =
    "  matchConstraints:\n    resourceRules:\n    - {apiGroups: [apps], apiVersions: [v1], "
    "operations: [CREATE, UPDATE], resources: [deployments]}\n";
inline const std::string kEverything =
    "  matchConstraints:\n    resourceRules:\n    - {apiGroups: ['*'], apiVersions: ['*'], "
    "operations: ['*'], resources: ['*']}\n";

inline const std::string kEverythingMutable =
    "  matchConstraints:\n    resourceRules:\n    - {apiGroups: ['*'], apiVersions: ['*'], "
    "operations: [CREATE, UPDATE], resources: ['*']}\n";

struct Compiled {
  PolicySet set;
  std::vector<Error> problems;
};

inline Compiled compile(const std::string& yaml, const CompileOptions& options = {}) {
  Compiled compiled;
  compiled.set = PolicySet::compile(read(yaml), resources(), compiled.problems, options);
  return compiled;
}

/// The first problem with its place, or empty.
inline std::string problem(const std::string& yaml) {
  const Compiled compiled = compile(yaml);
  if (compiled.problems.empty()) return {};
  const Error& error = compiled.problems.front();
  std::string text;
  if (error.place()) {
    text = std::to_string(error.place()->line) + ":" + std::to_string(error.place()->column) + " ";
  }
  return text + error.message();
}

inline std::string verdict_name(Verdict verdict) {
  switch (verdict) {
  case Verdict::admitted:
    return "admitted";
  case Verdict::audited:
    return "audited";
  case Verdict::warned:
    return "warned";
  case Verdict::denied:
    return "denied";
  case Verdict::undecided:
    return "undecided";
  case Verdict::error:
    return "error";
  }
  return "";
}

/// "denied: message; undecided (request.userInfo): message", or "" when all is admitted.
inline std::string judged(const PolicySet& set, const Subject& subject) {
  Scratch scratch;
  std::vector<Decision> decisions;
  set.judge(subject, scratch, decisions);
  std::string text;
  for (const Decision& decision : decisions) {
    text += (text.empty() ? "" : "; ") + verdict_name(decision.verdict);
    for (const std::string& name : decision.unknowns)
      text += " (" + name + ")";
    text += ": " + decision.message;
  }
  return text;
}

/// Judges a new object, given as YAML.
inline std::string judged(const std::string& policies, const std::string& object,
                          Operation operation = Operation::create) {
  const Compiled compiled = compile(policies);
  if (!compiled.problems.empty()) return "problem: " + compiled.problems.front().message();
  return judged(compiled.set, subject_of(value(object), operation, resources()));
}

inline const std::string kDeployment =
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop, labels: {app: "
    "web}}, spec: {replicas: 3}}";

} // namespace allod::policy::test
