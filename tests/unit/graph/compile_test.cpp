#include <algorithm>

#include <gtest/gtest.h>

#include "cel/cel.h"
#include "compiled_stack.h"
#include "document/cel_value.h"
#include "document/json_writer.h"
#include "graph/compile.h"
#include "graph/plan.h"

namespace allod::graph {
namespace {

using document::Value;

bool depends(const Graph& graph, const std::string& id, const std::string& on) {
  const Resource* resource = graph.find(id);
  if (resource == nullptr) return false;
  const auto& ids = resource->depends_on;
  return std::find(ids.begin(), ids.end(), on) != ids.end();
}

TEST(Compile, FindsDependenciesInWhatExpressionsName) {
  const auto compiled = compile_text(stack_text(kAll));
  ASSERT_EQ(compiled->problem(), "");
  const Graph& graph = compiled->graph;
  EXPECT_TRUE(depends(graph, "unit/keycloak.server", "binding/keycloak.database"));
  EXPECT_TRUE(
      depends(graph, "binding/keycloak.database", "step/postgresql.database.keycloak.database"));
  EXPECT_TRUE(depends(graph, "unit/postgresql.server", "volume/postgresql.data"));
  EXPECT_TRUE(depends(graph, "unit/postgresql.server", "step/postgresql.initialise"));
  EXPECT_TRUE(depends(graph, "unit/keycloak.server", "secret/keycloak.admin"));
  // The sign-in of people is named by a step alone: the server does not wait for it.
  EXPECT_TRUE(depends(graph, "step/openbao.signOn", "binding/openbao.signIn"));
  EXPECT_FALSE(depends(graph, "unit/openbao.server", "binding/openbao.signIn"));
}

TEST(Compile, MakesARuleForEachEdgeAndNoOther) {
  const auto compiled = compile_text(stack_text(kAll));
  ASSERT_EQ(compiled->problem(), "");
  std::vector<std::string> rules;
  for (const Resource& resource : compiled->graph.resources) {
    if (resource.kind == ResourceKind::rule) rules.push_back(resource.id);
  }
  std::sort(rules.begin(), rules.end());
  EXPECT_EQ(rules,
            (std::vector<std::string>{"rule/keycloak.postgresql.5432", "rule/openbao.allod.8700",
                                      "rule/openbao.traefik.8443", "rule/traefik.keycloak.8443",
                                      "rule/traefik.openbao.8200"}));
}

TEST(Compile, KeepsGivenNumbers) {
  Allocations recorded;
  recorded.addresses = {{"keycloak", 9}, {"gone", 2}};
  recorded.users = {{"keycloak.server", 7}};
  const auto compiled = compile_text(stack_text(kAll), recorded);
  ASSERT_EQ(compiled->problem(), "");
  const Allocations& now = compiled->graph.allocations;
  EXPECT_EQ(now.addresses.at("keycloak"), 9);
  EXPECT_EQ(now.users.at("keycloak.server"), 7);
  EXPECT_FALSE(now.addresses.contains("gone"));
  EXPECT_EQ(now.addresses.at("postgresql"), 2);
}

TEST(Compile, HoldsNoSecretButMarkers) {
  const auto compiled = compile_text(stack_text(kAll));
  ASSERT_EQ(compiled->problem(), "");
  const Resource* keycloak = compiled->graph.find("unit/keycloak.server");
  ASSERT_NE(keycloak, nullptr);
  EXPECT_EQ(marked_secrets(keycloak->spec), std::vector<std::string>{"keycloak.admin"});
}

TEST(Compile, ReadsBackWhatItWrote) {
  const auto compiled = compile_text(stack_text(kAll));
  ASSERT_EQ(compiled->problem(), "");
  const Value written = to_value(compiled->graph);
  const Result<Graph> read = graph_from_value(written);
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(to_value(*read) == written);
  EXPECT_TRUE(difference(&*read, compiled->graph).empty());
}

TEST(SecretMarker, IsFoundAndMadeReadable) {
  const std::string text = "user=x password=" + secret_marker("keycloak.admin") + ";";
  EXPECT_EQ(marked_secrets(Value(text)), std::vector<std::string>{"keycloak.admin"});
  EXPECT_EQ(without_markers(text), "user=x password=(secret keycloak.admin);");
  EXPECT_EQ(without_markers("no marker"), "no marker");
}

TEST(Order, NamesACycle) {
  std::vector<Resource> resources(2);
  resources[0].id = "unit/a.x";
  resources[0].depends_on = {"unit/b.x"};
  resources[1].id = "unit/b.x";
  resources[1].depends_on = {"unit/a.x"};
  const Status sorted = sort_by_dependency(resources);
  ASSERT_FALSE(sorted.ok());
  EXPECT_EQ(sorted.error().message(),
            "resources wait for each other: unit/a.x → unit/b.x → unit/a.x");
}

/// Every requirement of every baseline that names an expression holds on the rendered unit.
TEST(Baseline, HoldsOnTheDefaultStack) {
  const auto compiled = compile_text(stack_text(kAll));
  ASSERT_EQ(compiled->problem(), "");
  cel::Environment environment = cel::Environment::standard();
  environment.declare("unit", cel::Type::dyn());
  environment.declare("content", cel::Type::dyn());
  int checked = 0;
  for (const auto& component : compiled->blueprint.components) {
    const Value* requirements = component->provider->baseline.find("requirements");
    ASSERT_NE(requirements, nullptr) << component->name << " has no baseline";
    for (const Value& requirement : requirements->items()) {
      const Value& shown = *requirement.find("shown");
      if (!shown.contains("expression")) continue;
      const std::string id = requirement.string_or("id", "");
      const Resource* unit =
          compiled->graph.find("unit/" + component->name + "." + shown.string_or("unit", ""));
      ASSERT_NE(unit, nullptr) << id;
      cel::Activation activation;
      activation.set("unit", document::to_cel(unit->spec));
      if (const Value* file = shown.find("file")) {
        const Value* content = unit->spec.at_path({"files", file->as_string(), "content"});
        ASSERT_NE(content, nullptr) << id << ": no file " << file->as_string();
        activation.set("content", document::to_cel(*content));
      }
      const Result<cel::Program> program =
          cel::compile(environment, shown.string_or("expression", ""));
      ASSERT_TRUE(program.ok()) << id << ": " << program.error().describe();
      const Result<cel::Value> value = program->evaluate(activation);
      ASSERT_TRUE(value.ok()) << id << ": " << value.error().describe();
      EXPECT_TRUE(value->is(cel::Kind::boolean) && value->as_bool()) << id;
      ++checked;
    }
  }
  EXPECT_GT(checked, 20);
}

} // namespace
} // namespace allod::graph
