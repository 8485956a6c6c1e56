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
  EXPECT_EQ(rules, (std::vector<std::string>{
                       "rule/keycloak.postgresql.5432", "rule/openbao.allod.8700",
                       "rule/openbao.traefik.8443", "rule/prometheus.allod.8701",
                       "rule/prometheus.keycloak.9000", "rule/prometheus.openbao.8210",
                       "rule/prometheus.postgresql.9187", "rule/prometheus.seaweedfs.9327",
                       "rule/prometheus.traefik.8082", "rule/traefik.keycloak.8443",
                       "rule/traefik.openbao.8200", "rule/traefik.prometheus.9090",
                       "rule/traefik.prometheus.9093"}));
}

TEST(Compile, ScrapesWhateverHasFiguresAndTheAgent) {
  const auto compiled = compile_text(stack_text(kAll));
  ASSERT_EQ(compiled->problem(), "");
  const Resource* server = compiled->graph.find("unit/prometheus.server");
  ASSERT_NE(server, nullptr);
  const Value* jobs = server->spec.at_path(
      {"files", "/etc/prometheus/prometheus.yaml", "content", "scrape_configs"});
  ASSERT_NE(jobs, nullptr);
  std::vector<std::string> names;
  for (const Value& job : jobs->items())
    names.push_back(job.string_or("job_name", ""));
  EXPECT_EQ(names,
            (std::vector<std::string>{"postgresql/server", "openbao/server", "keycloak/server",
                                      "traefik/gateway", "seaweedfs/server", "prometheus/server",
                                      "prometheus/alertmanager", "prometheus/machine", "allod"}));
  // The expressions of alerts are rendered for the component that they are about.
  const Value* groups =
      server->spec.at_path({"files", "/etc/prometheus-rules/rules.yaml", "content", "groups"});
  ASSERT_NE(groups, nullptr);
  EXPECT_EQ(groups->items().front().find("rules")->items().front().string_or("expr", ""),
            "pg_up{component=\"postgresql\"} == 0");
  // A component that is down does not keep monitoring from starting.
  EXPECT_FALSE(depends(compiled->graph, "binding/prometheus.targets.keycloak.metricsServer",
                       "unit/keycloak.server"));
}

TEST(Compile, LeadsOutOfThePlatformOnlyWhereTheStackSaysSo) {
  const auto without = compile_text(stack_text("    monitoring: {}\n"));
  ASSERT_EQ(without->problem(), "");
  EXPECT_EQ(without->graph.find("rule/prometheus.allod.8800"), nullptr);
  const auto compiled = compile_text(
      stack_text("    monitoring: {parameters: {webhook: \"https://hooks.example.org/a/b?c\", "
                 "mailServer: 127.0.0.1, mailTo: [a@example.org]}}\n"));
  ASSERT_EQ(compiled->problem(), "");
  const Resource* mail = compiled->graph.find("rule/prometheus.allod.8800");
  const Resource* hook = compiled->graph.find("rule/prometheus.allod.8801");
  ASSERT_TRUE(mail != nullptr && hook != nullptr);
  EXPECT_EQ(document::write_json(*hook->spec.find("outside")),
            R"({"host":"hooks.example.org","port":443})");
  const Resource* unit = compiled->graph.find("unit/prometheus.alertmanager");
  ASSERT_NE(unit, nullptr);
  EXPECT_TRUE(depends(compiled->graph, unit->id, hook->id));
  EXPECT_EQ(unit->spec.find("hosts")->string_or("hooks.example.org", ""), "10.66.0.1");
  const std::string text = document::write_json(
      *unit->spec.at_path({"files", "/etc/alertmanager/alertmanager.yaml", "content"}));
  EXPECT_NE(text.find(R"("url":"https://hooks.example.org:8801/a/b?c")"), std::string::npos);
  EXPECT_NE(text.find(R"("smarthost":"allod:8800")"), std::string::npos) << text;
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
