#include <gtest/gtest.h>

#include "support.h"

namespace allod::policy::test {
namespace {

TEST(Judge, AdmitsAndRefusesByTheExpression) {
  const std::string five = policy(kDeployments + "  validations:\n"
                                                 "  - {expression: object.spec.replicas <= 5}\n");
  EXPECT_EQ(judged(five, kDeployment), "");
  const std::string two =
      policy(kDeployments + "  validations:\n"
                            "  - {expression: ' object.spec.replicas <= 2 '}\n");
  EXPECT_EQ(judged(two, kDeployment), "denied: failed expression: object.spec.replicas <= 2");
  const std::string said =
      policy(kDeployments + "  validations:\n"
                            "  - {expression: object.spec.replicas <= 2, message: ' too many '}\n");
  EXPECT_EQ(judged(said, kDeployment), "denied: too many");
}

TEST(Judge, MessageExpressionsFallBack) {
  const auto with = [](const std::string& expression) {
    return judged(policy(kDeployments +
                         "  validations:\n  - expression: 'false'\n"
                         "    message: fixed\n    messageExpression: " +
                         expression + "\n"),
                  kDeployment);
  };
  EXPECT_EQ(with("\"'has ' + string(object.spec.replicas)\""), "denied: has 3");
  EXPECT_EQ(with("\"' trimmed '\""), "denied: trimmed");
  EXPECT_EQ(with("\"''\""), "denied: fixed");
  EXPECT_EQ(with("\"'a\\\\nb'\""), "denied: fixed");
  EXPECT_EQ(with("\"string(object.none)\""), "denied: fixed");
}

TEST(Judge, ErrorsFollowTheFailurePolicy) {
  const std::string validations = "  validations:\n  - {expression: object.spec.none == 1}\n";
  EXPECT_EQ(judged(policy(kDeployments + validations), kDeployment),
            "error: expression 'object.spec.none == 1' resulted in error: no such key: none");
  EXPECT_EQ(judged(policy("  failurePolicy: Ignore\n" + kDeployments + validations), kDeployment),
            "");
}

TEST(Judge, OnlyWhatMatches) {
  const std::string never = "  validations:\n  - {expression: 'false', message: no}\n";
  EXPECT_EQ(
      judged(policy(kDeployments + never), "{apiVersion: v1, kind: Pod, metadata: {name: a}}"), "");
  EXPECT_EQ(judged(policy(kDeployments + never), kDeployment, Operation::remove), "");
  EXPECT_EQ(judged(policy(kEverything + never), kDeployment, Operation::remove), "denied: no");
}

TEST(Judge, ReviewsAreExempt) {
  const std::string never =
      policy(kEverything + "  validations:\n  - {expression: 'false', message: no}\n");
  EXPECT_EQ(judged(never, "{apiVersion: authorization.k8s.io/v1, kind: SubjectAccessReview, "
                          "metadata: {name: a}}"),
            "");
  EXPECT_EQ(judged(never, "{apiVersion: admissionregistration.k8s.io/v1, kind: "
                          "ValidatingAdmissionPolicy, metadata: {name: a}}"),
            "denied: no");
}

TEST(Judge, VariablesAreComputedInOrder) {
  const std::string text =
      policy(kDeployments + "  variables:\n"
                            "  - {name: n, expression: object.spec.replicas}\n"
                            "  - {name: twice, expression: variables.n * 2}\n"
                            "  - {name: broken, expression: object.none}\n"
                            "  validations:\n"
                            "  - {expression: variables.twice == 6, message: a}\n"
                            "  - {expression: has(variables.n), message: b}\n"
                            "  - {expression: variables.twice == 5, message: c}\n"
                            "  - {expression: variables.broken == 5, message: d}\n");
  EXPECT_EQ(judged(text, kDeployment),
            "denied: c; error: expression 'variables.broken == 5' resulted in error: composited "
            "variable \"broken\" fails to evaluate: no such key: none");
}

TEST(Judge, MatchConditions) {
  const auto with = [](const std::string& conditions) {
    return judged(policy(kDeployments + "  matchConditions:\n" + conditions +
                         "  validations:\n  - {expression: 'false', message: no}\n"),
                  kDeployment);
  };
  const std::string holds = "  - {name: a, expression: object.kind == 'Deployment'}\n";
  const std::string fails = "  - {name: b, expression: object.kind == 'Pod'}\n";
  const std::string broken = "  - {name: c, expression: object.none == 1}\n";
  const std::string unknown = "  - {name: d, expression: request.userInfo.username == 'x'}\n";
  EXPECT_EQ(with(holds), "denied: no");
  EXPECT_EQ(with(holds + fails), "");
  EXPECT_EQ(with(broken + fails), "");
  EXPECT_EQ(with(unknown + fails), "");
  EXPECT_EQ(with(holds + broken),
            "error: expression 'object.none == 1' resulted in error: no such key: none");
  EXPECT_EQ(with(unknown), "undecided (request.userInfo): no");
}

TEST(Judge, WhatIsNotKnownLeavesItUndecided) {
  const auto with = [](const std::string& expression) {
    return judged(policy(kDeployments + "  validations:\n  - {expression: \"" + expression +
                         "\", message: no}\n"),
                  kDeployment);
  };
  EXPECT_EQ(with("request.userInfo.username == 'x'"), "undecided (request.userInfo): no");
  EXPECT_EQ(with("namespaceObject.metadata.name == 'x'"), "undecided (namespaceObject): no");
  EXPECT_EQ(with("authorizer.group('').resource('pods').check('get').allowed()"),
            "undecided (authorizer.group('').resource('pods').check('get')): no");
  EXPECT_EQ(with("request.namespace == 'shop' || namespaceObject.metadata.name == 'x'"), "");
}

TEST(Judge, ActionsOfBindings) {
  const std::string text = policy(kDeployments + "  validations:\n"
                                                 "  - {expression: 'false', message: no}\n");
  const auto bound = [&](const std::string& actions) {
    return text +
           "---\napiVersion: admissionregistration.k8s.io/v1\n"
           "kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: bind}\n"
           "spec: {policyName: test, validationActions: " +
           actions + "}\n";
  };
  EXPECT_EQ(judged(bound("[Deny]"), kDeployment), "denied: no");
  EXPECT_EQ(judged(bound("[Warn, Audit]"), kDeployment), "warned: no");
  EXPECT_EQ(judged(bound("[Audit]"), kDeployment), "audited: no");

  const Compiled compiled = compile(bound("[Deny]"));
  Scratch scratch;
  std::vector<Decision> decisions;
  compiled.set.judge(subject_of(value(kDeployment), Operation::create, resources()), scratch,
                     decisions);
  ASSERT_EQ(decisions.size(), 1U);
  EXPECT_EQ(refusal_text(decisions[0], "apps", "deployments", "web"),
            "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'test' with binding "
            "'bind' denied request: no");
  EXPECT_EQ(warning_text(decisions[0]),
            "Validation failed for ValidatingAdmissionPolicy 'test' with binding 'bind': no");
}

TEST(Judge, ParamsByNameSelectorAndAbsence) {
  const std::string text =
      policy("  paramKind: {apiVersion: v1, kind: ConfigMap}\n" + kDeployments +
             "  validations:\n"
             "  - expression: object.spec.replicas <= int(params.data.max)\n"
             "    messageExpression: \"'at most ' + params.data.max\"\n");
  const auto with = [&](const std::string& binding) {
    std::string whole = text;
    if (!binding.empty()) {
      whole += "---\napiVersion: admissionregistration.k8s.io/v1\n"
               "kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: bind}\n"
               "spec: {policyName: test, validationActions: [Deny], paramRef: " +
               binding + "}\n";
    }
    Compiled compiled = compile(whole);
    if (!compiled.problems.empty()) return compiled.problems.front().message();
    const auto give = [&](const std::string& name, const std::string& space, int max) {
      compiled.set.add_param(value("{apiVersion: v1, kind: ConfigMap, metadata: {name: " + name +
                                   ", namespace: " + space + ", labels: {use: " + name +
                                   "}}, data: {max: '" + std::to_string(max) + "'}}"));
    };
    give("two", "shop", 2);
    give("one", "shop", 1);
    give("nine", "other", 9);
    return judged(compiled.set, subject_of(value(kDeployment), Operation::create, resources()));
  };
  EXPECT_EQ(with("{name: two, parameterNotFoundAction: Deny}"), "denied: at most 2");
  EXPECT_EQ(with("{name: nine, namespace: other, parameterNotFoundAction: Deny}"), "");
  EXPECT_EQ(with("{name: nine, parameterNotFoundAction: Allow}"), "");
  EXPECT_EQ(with("{name: nine, parameterNotFoundAction: Deny}"),
            "error: failed to configure binding: no params found for policy binding with `Deny` "
            "parameterNotFoundAction");
  EXPECT_EQ(with("{selector: {matchLabels: {use: one}}, parameterNotFoundAction: Deny}"),
            "denied: at most 1");
  EXPECT_EQ(with("{selector: {}, parameterNotFoundAction: Deny}"),
            "denied: at most 1; denied: at most 2");
  EXPECT_EQ(with(""), "denied: at most 1; denied: at most 2");
}

TEST(Judge, SaysWhichValueItIsAbout) {
  const auto path = [](const std::string& expression, const std::string& variables = "") {
    const Compiled compiled = compile(policy(
        kEverything + variables + "  validations:\n  - {expression: \"" + expression + "\"}\n"));
    Scratch scratch;
    std::vector<Decision> decisions;
    compiled.set.judge(
        subject_of(value("{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostPID: true, "
                         "containers: [{name: a, image: 'x:1'}, {name: b, image: 'y:latest'}]}}"),
                   Operation::create, resources()),
        scratch, decisions);
    return decisions.empty() ? "admitted" : document::format_path(decisions[0].subject_path);
  };
  EXPECT_EQ(path("!has(object.spec.hostPID) || !object.spec.hostPID"), "spec.hostPID");
  EXPECT_EQ(path("object.spec.containers.all(c, !c.image.endsWith(':latest'))"),
            "spec.containers[1].image");
  EXPECT_EQ(path("object.spec.containers.all(c, has(c.resources))"),
            "spec.containers[0].resources");
  EXPECT_EQ(path("variables.all.all(c, c.name == 'a')",
                 "  variables:\n  - {name: all, expression: object.spec.containers}\n"),
            "spec.containers[1].name");
  EXPECT_EQ(path("request.name == 'b'"), "");
}

TEST(Judge, AuditAnnotations) {
  const Compiled compiled = compile(policy(
      kDeployments + "  auditAnnotations:\n"
                     "  - {key: count, valueExpression: \"' ' + string(object.spec.replicas)\"}\n"
                     "  - {key: none, valueExpression: \"'  '\"}\n"
                     "  - {key: nothing, valueExpression: 'null'}\n"));
  ASSERT_TRUE(compiled.problems.empty()) << compiled.problems.front().message();
  Scratch scratch;
  std::vector<Decision> decisions;
  std::vector<AuditRecord> audit;
  compiled.set.judge(subject_of(value(kDeployment), Operation::create, resources()), scratch,
                     decisions, &audit);
  EXPECT_TRUE(decisions.empty());
  ASSERT_EQ(audit.size(), 1U);
  EXPECT_EQ(audit[0].key, "test/count");
  EXPECT_EQ(audit[0].value, "3");

  EXPECT_EQ(
      judged(policy(kDeployments + "  auditAnnotations:\n"
                                   "  - {key: a, valueExpression: \"string(object.none)\"}\n"),
             kDeployment),
      "error: expression 'string(object.none)' resulted in error: no such key: none");
}

TEST(Judge, UpdatesAndDeletions) {
  const std::string text =
      policy(kEverything + "  validations:\n"
                           "  - expression: request.operation != 'UPDATE' || "
                           "oldObject.spec.replicas <= object.spec.replicas\n"
                           "    message: shrinks\n"
                           "  - expression: request.operation != 'DELETE' || object != null "
                           "|| oldObject.spec.replicas == 0\n"
                           "    message: in use\n");
  const Compiled compiled = compile(text);
  ASSERT_TRUE(compiled.problems.empty()) << compiled.problems.front().message();
  Subject subject = subject_of(value(kDeployment), Operation::update, resources());
  subject.old_object = value("{spec: {replicas: 5}}");
  EXPECT_EQ(judged(compiled.set, subject), "denied: shrinks");
  EXPECT_EQ(judged(compiled.set, subject_of(value(kDeployment), Operation::remove, resources())),
            "denied: in use");
}

} // namespace
} // namespace allod::policy::test
