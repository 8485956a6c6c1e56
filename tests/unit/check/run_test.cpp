#include <gtest/gtest.h>
#include <unistd.h>

#include "check/run.h"
#include "document/yaml_reader.h"
#include "samples.h"

namespace allod::check {
namespace {

constexpr const char* kReplicas = R"(apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: replicas
  annotations: {allod/severity: low, allod/mend: raise it, "allod/controls": "a:1, b:2"}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: ["*"], apiVersions: ["*"], operations: [CREATE], resources: ["*"]}
  validations:
  - expression: "!has(object.spec) || !has(object.spec.replicas) || object.spec.replicas > 1"
    message: one alone
)";

constexpr const char* kObjects = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: x}
spec:
  replicas: 1
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: b}
spec: {replicas: 2}
)";

Policies compiled(const std::string& text) {
  PolicyDocuments documents;
  documents.policies = *document::read_yaml("policy.yaml", text);
  std::vector<Error> problems;
  Policies policies =
      compile(std::move(documents), std::make_shared<policy::Resources>(), problems);
  EXPECT_TRUE(problems.empty()) << problems.front().describe();
  return policies;
}

Report judged(const std::string& policy, const std::vector<std::string>& paths) {
  RunOptions options;
  options.inputs.paths = paths;
  options.inputs.workers = 2;
  return run(compiled(policy), options);
}

TEST(Run, SaysWhichValueARefusalIsAbout) {
  const TemporaryFile file(".yaml", kObjects);
  const Report report = judged(kReplicas, {file.path()});
  ASSERT_EQ(report.findings.size(), 1U);
  const Finding& finding = report.findings.front();
  EXPECT_EQ(finding.verdict, Verdict::failed);
  EXPECT_EQ(finding.message, "one alone");
  EXPECT_EQ(finding.place.file, file.path());
  EXPECT_EQ(finding.place.line, 5U);
  EXPECT_EQ(finding.place.column, 13U);
  EXPECT_EQ(finding.excerpt, "  replicas: 1");
  EXPECT_EQ(finding.path, "spec.replicas");
  EXPECT_EQ(describe(finding.object), "Deployment x/a");
  const Rule* const rule = report.rule_of(finding);
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->severity, Severity::low);
  EXPECT_EQ(rule->mend, "raise it");
  EXPECT_EQ(rule->controls, (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_EQ(report.summary.objects, 2U);
  EXPECT_EQ(report.summary.evaluations, 2U);
}

TEST(Run, GoesOnBehindABrokenFile) {
  const TemporaryFile broken(".yaml", "a: b: c\n");
  const TemporaryFile file(".yaml", kObjects);
  const Report report = judged(kReplicas, {broken.path(), file.path()});
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].verdict, Verdict::broken);
  EXPECT_EQ(report.findings[0].place.file, broken.path());
  EXPECT_EQ(report.findings[1].verdict, Verdict::failed);
}

constexpr const char* kDefinition = R"(apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boxes.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: boxes, singular: box, kind: Box, listKind: BoxList}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: integer}
            x-kubernetes-validations:
            - {rule: self.size < 10, message: too large}
)";

TEST(Run, JudgesCustomResourcesByDefinitionsAmongTheInputs) {
  const TemporaryFile box(".yaml", "apiVersion: example.org/v1\nkind: Box\nmetadata: {name: b}\n"
                                   "spec: {size: 11, replicas: 1}\n");
  const TemporaryFile definition(".yaml", kDefinition);
  const Report without = judged(kReplicas, {box.path()});
  ASSERT_EQ(without.findings.size(), 1U);
  const Report with = judged(kReplicas, {box.path(), definition.path()});
  ASSERT_EQ(with.findings.size(), 2U);
  for (const Finding& finding : with.findings)
    EXPECT_EQ(finding.place.file, box.path());
  EXPECT_EQ(with.summary.objects, 2U);
}

} // namespace
} // namespace allod::check
