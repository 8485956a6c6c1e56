#include <gtest/gtest.h>

#include "compiled_stack.h"
#include "graph/plan.h"

namespace allod::graph {
namespace {

std::string with_parameters(const std::string& parameters, const std::string& more = "") {
  return stack_text("    relational-database:\n      parameters: " + parameters + "\n", more);
}

TEST(Plan, CreatesEverythingAtFirst) {
  const auto compiled = compile_text(stack_text(kDatabase));
  ASSERT_EQ(compiled->problem(), "");
  const Plan plan = difference(nullptr, compiled->graph);
  EXPECT_EQ(plan.changes.size(), compiled->graph.resources.size());
  EXPECT_EQ(plan.count(Action::create), plan.changes.size());
}

TEST(Plan, RestartsWhatAParameterChangesAndSaysWhere) {
  const auto before = compile_text(with_parameters("{maxConnections: 100}"));
  const auto after = compile_text(with_parameters("{maxConnections: 200}"));
  ASSERT_EQ(before->problem() + after->problem(), "");
  const Plan plan = difference(&before->graph, after->graph);
  const Change* server = plan.find("unit/postgresql.server");
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(server->action, Action::restart);
  const auto reason =
      std::find_if(server->reasons.begin(), server->reasons.end(), [](const Reason& candidate) {
        return candidate.path.ends_with("content.max_connections");
      });
  ASSERT_NE(reason, server->reasons.end());
  EXPECT_EQ(reason->before, document::Value(100));
  EXPECT_EQ(reason->after, document::Value(200));
  ASSERT_EQ(reason->inputs.size(), 1U);
  EXPECT_EQ(reason->inputs.front().name, "parameters.maxConnections");
  EXPECT_EQ(reason->inputs.front().place.line, 7U);
  // The step that made the database may use more processes now; it is not run again for that.
  ASSERT_NE(plan.find("step/postgresql.initialise"), nullptr);
  EXPECT_EQ(plan.find("step/postgresql.initialise")->action, Action::update);
}

TEST(Plan, RunsTheStepsOfAComponentAgainWhenAsked) {
  const auto compiled = compile_text(stack_text(kDatabase));
  ASSERT_EQ(compiled->problem(), "");
  EXPECT_TRUE(difference(&compiled->graph, compiled->graph, {"openbao"}).empty());
  const Plan plan = difference(&compiled->graph, compiled->graph, {"postgresql"});
  EXPECT_GT(plan.count(Action::rerun), 0U);
  EXPECT_EQ(plan.count(Action::rerun), plan.changes.size());
}

TEST(Plan, ReloadsADatabaseThatGetsAConsumer) {
  const auto before = compile_text(stack_text(kDatabase));
  const auto after = compile_text(
      stack_text(kDatabase, "  components:\n    app:\n      provider: workload\n      needs:\n"
                            "        database: {capability: relational-database}\n"));
  ASSERT_EQ(before->problem() + after->problem(), "");
  const Plan plan = difference(&before->graph, after->graph);
  const Change* server = plan.find("unit/postgresql.server");
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(server->action, Action::reload);
  ASSERT_NE(plan.find("identity/postgresql"), nullptr);
  EXPECT_EQ(plan.find("identity/postgresql")->action, Action::update);
}

TEST(Plan, WhatATextMarksIsDoneAnewWhenThatChanges) {
  const auto compiled = compile_text(stack_text("    identity: {}\n    api-gateway: {}\n"
                                                "    secrets: {}\n    relational-database: {}\n"));
  ASSERT_EQ(compiled->problem(), "");
  const std::string secret = secret_marker("keycloak.oidc.traefik.clientSecret");
  const Plan plan = touched(compiled->graph, [&](const std::string& text) {
    return text.find(secret) != std::string::npos;
  });
  // Who checks it, and who shows it.
  ASSERT_NE(plan.find("step/keycloak.oidc.traefik.client"), nullptr);
  EXPECT_EQ(plan.find("step/keycloak.oidc.traefik.client")->action, Action::rerun);
  ASSERT_NE(plan.find("unit/traefik.signIn"), nullptr);
  EXPECT_EQ(plan.find("unit/traefik.signIn")->action, Action::restart);
  EXPECT_EQ(plan.find("unit/keycloak.server"), nullptr);
  const Plan roots = touched(compiled->graph, [](const std::string& text) {
    return text.find(roots_marker()) != std::string::npos;
  });
  ASSERT_NE(roots.find("step/openbao.agent"), nullptr);
  EXPECT_EQ(roots.find("step/openbao.agent")->action, Action::rerun);
}

TEST(Plan, TheTextOfBeforeHangsOnItsSecret) {
  const document::Value value(previous_marker("a.b"));
  EXPECT_EQ(marked_secrets(value), (std::vector<std::string>{"a.b"}));
  EXPECT_TRUE(marks_previous(value.as_string(), "a.b"));
  EXPECT_FALSE(marks_previous(secret_marker("a.b"), "a.b"));
}

TEST(Plan, RestartsASystemThatReadsItsClientsAtItsStartOnly) {
  const auto before = compile_text(stack_text("    secrets: {}\n"));
  const auto after = compile_text(
      stack_text("    secrets: {}\n", "  components:\n    app:\n      provider: workload\n"
                                      "      needs:\n        vault: {capability: secrets}\n"));
  ASSERT_EQ(before->problem() + after->problem(), "");
  const Plan plan = difference(&before->graph, after->graph);
  ASSERT_NE(plan.find("unit/openbao.server"), nullptr);
  EXPECT_EQ(plan.find("unit/openbao.server")->action, Action::restart);
}

TEST(Plan, RemovesInReverse) {
  const auto before = compile_text(stack_text(kAll));
  const auto after = compile_text(stack_text(kDatabase));
  ASSERT_EQ(before->problem() + after->problem(), "");
  const Plan plan = difference(&before->graph, after->graph);
  const auto position = [&](const std::string& id) {
    const auto found = std::find_if(plan.changes.begin(), plan.changes.end(),
                                    [&](const Change& change) { return change.id == id; });
    return found - plan.changes.begin();
  };
  ASSERT_NE(plan.find("unit/keycloak.server"), nullptr);
  EXPECT_EQ(plan.find("unit/keycloak.server")->action, Action::remove);
  EXPECT_LT(position("unit/keycloak.server"), position("network/keycloak"));
}

} // namespace
} // namespace allod::graph
