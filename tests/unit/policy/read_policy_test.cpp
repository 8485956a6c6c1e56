#include <gtest/gtest.h>

#include "support.h"

namespace allod::policy::test {
namespace {

const std::string kTrue = "  validations:\n  - {expression: 'true'}\n";

TEST(ReadPolicy, TakesWhatIsRight) {
  const Compiled compiled = compile(policy(kDeployments + kTrue));
  EXPECT_TRUE(compiled.problems.empty());
  ASSERT_EQ(compiled.set.policies().size(), 1U);
  EXPECT_EQ(compiled.set.policies()[0]->name, "test");
}

TEST(ReadPolicy, NamesFaultsAsTheApiServerDoes) {
  struct Case {
    std::string spec;
    std::string problem;
  };
  const std::vector<Case> cases{
      {kTrue, "spec.matchConstraints: Required value"},
      {kDeployments, "spec.validations: Required value: validations or auditAnnotations must "
                     "contain at least one item"},
      {kDeployments + kTrue + "  failurePolicy: Never\n",
       "spec.failurePolicy: Unsupported value: \"Never\": supported values: \"Fail\", \"Ignore\""},
      {kDeployments + kTrue + "  validation: []\n", "unknown field \"spec.validation\""},
      {"  matchConstraints: {resourceRules: []}\n" + kTrue,
       "spec.matchConstraints.resourceRules: Required value"},
      {"  matchConstraints: {resourceRules: [{apiGroups: [apps, '*'], apiVersions: [v1], "
       "operations: [CREATE], resources: [pods]}]}\n" +
           kTrue,
       "spec.matchConstraints.resourceRules[0].apiGroups: Invalid value: [\"apps\",\"*\"]: if '*' "
       "is present, must not specify other API groups"},
      {"  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], "
       "operations: [CRATE], resources: [pods]}]}\n" +
           kTrue,
       "spec.matchConstraints.resourceRules[0].operations[0]: Unsupported value: \"CRATE\": "
       "supported values: \"*\", \"CONNECT\", \"CREATE\", \"DELETE\", \"UPDATE\""},
      {"  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], "
       "operations: [CREATE], resources: ['pods/*', pods/status]}]}\n" +
           kTrue,
       "spec.matchConstraints.resourceRules[0].resources[1]: Invalid value: \"pods/status\": if "
       "'pods/*' is present, must not specify pods/status"},
      {kDeployments + "  validations:\n  - {expression: '1'}\n",
       "spec.validations[0].expression: Invalid value: \"1\": must evaluate to bool but got int"},
      {kDeployments + "  validations:\n  - {expression: object.spec.paused}\n",
       "spec.validations[0].expression: Invalid value: \"object.spec.paused\": must evaluate to "
       "bool but got dyn"},
      {kDeployments + "  validations:\n  - {message: a}\n",
       "spec.validations[0].expression: Required value: expression is not specified"},
      {kDeployments + "  validations:\n  - {expression: 'true', message: \"a\\nb\"}\n",
       "spec.validations[0].message: Invalid value: \"a\\nb\": must not contain line breaks"},
      {kDeployments + "  validations:\n  - {expression: 'true', reason: Gone}\n",
       "spec.validations[0].reason: Unsupported value: \"Gone\": supported values: \"Forbidden\", "
       "\"Invalid\", \"RequestEntityTooLarge\""},
      {kDeployments + kTrue + "  variables:\n  - {name: in, expression: '1'}\n",
       "spec.variables[0].name: Invalid value: \"in\": must be a valid CEL identifier"},
      {kDeployments + kTrue +
           "  matchConditions:\n  - {name: a, expression: 'true'}\n  - {name: a, expression: "
           "'true'}\n",
       "spec.matchConditions[1].name: Duplicate value: \"a\""},
      {kDeployments + "  auditAnnotations:\n  - {key: 'a b', valueExpression: \"'x'\"}\n",
       "spec.auditAnnotations[0].key: Invalid value: \"a b\": must be the name of a qualified "
       "name"},
      {kDeployments + kTrue + "  paramKind: {apiVersion: a/b/c, kind: ConfigMap}\n",
       "spec.paramKind.apiVersion: Invalid value: \"a/b/c\": must be a group and a version: "
       "group/v1, or v1 for the core group"},
  };
  for (const Case& one : cases) {
    const Compiled compiled = compile(policy(one.spec));
    ASSERT_FALSE(compiled.problems.empty()) << one.problem;
    EXPECT_EQ(compiled.problems.front().message(), one.problem);
    EXPECT_TRUE(compiled.set.policies().empty());
  }
}

TEST(ReadPolicy, PlacesFaultsOfExpressionsInsideTheText) {
  const std::string text = policy(kDeployments + "  validations:\n"
                                                 "  - expression: |\n"
                                                 "      object.spec.replicas > 1 &&\n"
                                                 "      objekt.kind == 'x'\n");
  EXPECT_EQ(problem(text).substr(0, 5), "11:7 ");
  EXPECT_NE(problem(text).find("objekt"), std::string::npos);
}

TEST(ReadPolicy, MatchConditionsSeeNoVariablesAndMessagesNoAuthorizer) {
  const std::string variables = "  variables:\n  - {name: a, expression: '1'}\n";
  EXPECT_NE(problem(policy(kDeployments + kTrue + variables +
                           "  matchConditions:\n  - {name: a, expression: variables.a == 1}\n")),
            "");
  EXPECT_NE(problem(policy(kDeployments + variables +
                           "  validations:\n  - {expression: 'true', messageExpression: "
                           "\"string(authorizer)\"}\n")),
            "");
  EXPECT_NE(problem(policy(kDeployments + kTrue +
                           "  variables:\n  - {name: a, expression: variables.b}\n"
                           "  - {name: b, expression: '1'}\n")),
            "");
  EXPECT_NE(problem(policy(kDeployments + "  validations:\n  - {expression: params.a == 1}\n")),
            "");
}

TEST(ReadPolicy, Bindings) {
  const auto with = [](const std::string& spec) {
    return problem("apiVersion: admissionregistration.k8s.io/v1\n"
                   "kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: b}\nspec: " +
                   spec + "\n");
  };
  EXPECT_EQ(with("{policyName: a, validationActions: [Deny]}"), "");
  EXPECT_EQ(with("{policyName: a}"), "4:7 spec.validationActions: Required value: at least one "
                                     "validation action is required");
  EXPECT_EQ(
      with("{policyName: a, validationActions: [Deny, Warn]}"),
      "4:42 spec.validationActions: Invalid value: [\"Deny\",\"Warn\"]: must not contain both "
      "Deny and Warn");
  EXPECT_EQ(with("{policyName: a, validationActions: [Deny], paramRef: {parameterNotFoundAction: "
                 "Deny}}"),
            "4:60 spec.paramRef: Required value: one of name or selector must be specified");
}

TEST(ReadPolicy, UnboundPoliciesCanBeLeftAlone) {
  CompileOptions options;
  options.bind_unbound = false;
  const Compiled compiled =
      compile(policy(kDeployments + "  validations:\n  - {expression: 'false'}\n"), options);
  EXPECT_EQ(judged(compiled.set, subject_of(value(kDeployment), Operation::create, resources())),
            "");
}

} // namespace
} // namespace allod::policy::test
