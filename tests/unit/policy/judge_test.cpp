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

} // namespace
} // namespace allod::policy::test
