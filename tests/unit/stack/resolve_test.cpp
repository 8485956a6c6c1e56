#include <gtest/gtest.h>

#include "document/yaml_reader.h"
#include "stack/blueprint.h"

namespace allod::stack {
namespace {

/// What resolving a stack complains about: message and hint of each problem.
std::vector<std::string> problems_of(const std::string& spec) {
  catalogue::Problems problems;
  auto catalogue =
      catalogue::Catalogue::open(std::string(ALLOD_SOURCE_DIR) + "/catalogue", problems);
  Result<document::Value> declaration = document::read_yaml_document(
      "stack.yaml",
      "apiVersion: allod/v1alpha1\nkind: Stack\nmetadata: {name: home}\nspec:\n" + spec);
  if (declaration && (*catalogue)->validate("allod:stack", *declaration, problems)) {
    const Stack stack = read_stack(*declaration, problems);
    const Blueprint blueprint = resolve(stack, **catalogue, problems);
  }
  std::vector<std::string> texts;
  for (const Error& problem : problems) {
    texts.push_back(problem.message() + (problem.hint().empty() ? "" : " | " + problem.hint()));
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Resolve, AcceptsTheDefaultStack) {
  EXPECT_EQ(problems_of("  capabilities:\n    relational-database: {}\n    secrets: {}\n"
                        "    identity: {}\n    api-gateway: {}\n    object-storage: {}\n"
                        "    monitoring: {}\n"),
            Texts{});
}

TEST(Resolve, NamesTheNearestProvider) {
  EXPECT_EQ(problems_of("  capabilities:\n    relational-database: {provider: postgres}\n"),
            Texts{"unknown provider \"postgres\" for relational-database | did you mean "
                  "\"postgresql\"? providers: postgresql"});
}

TEST(Resolve, NamesTheNearestCapability) {
  const Texts texts = problems_of("  capabilities:\n    relational-databse: {}\n");
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_TRUE(texts[0].starts_with("unknown capability \"relational-databse\" | did you mean "
                                   "\"relational-database\"?"))
      << texts[0];
}

TEST(Resolve, SaysWhoCouldServeANeed) {
  EXPECT_EQ(problems_of("  capabilities:\n    identity: {}\n"),
            Texts{"\"keycloak\" needs postgresql-wire (its \"database\"), and no component of the "
                  "stack offers it | add \"relational-database: {}\" under spec.capabilities"});
}

TEST(Resolve, AsksWhichOfTwo) {
  const Texts texts = problems_of("  capabilities:\n    relational-database: {}\n    identity: {}\n"
                                  "  components:\n    second: {provider: postgresql}\n");
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_EQ(texts[0],
            "\"keycloak\" needs postgresql-wire (its \"database\"), and postgresql and second "
            "offer it | choose one: bind: {database: postgresql}");
  EXPECT_EQ(problems_of("  capabilities:\n    relational-database: {}\n"
                        "    identity: {bind: {database: second}}\n"
                        "  components:\n    second: {provider: postgresql}\n"),
            Texts{});
}

TEST(Resolve, RefusesANameTwiceAndTheAgentsOwn) {
  EXPECT_EQ(
      problems_of("  capabilities:\n    relational-database: {}\n"
                  "  components:\n    postgresql: {provider: postgresql}\n"),
      Texts{
          "there are two components \"postgresql\" | give one of them a name of its own: name: …"});
  const Texts texts = problems_of("  components:\n    allod: {provider: postgresql}\n");
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_EQ(texts[0], "\"allod\" is the agent's own name");
}

TEST(Resolve, ChecksParameters) {
  const Texts texts =
      problems_of("  capabilities:\n    relational-database: {parameters: {maxConnection: 5}}\n");
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_NE(texts[0].find("maxConnections"), std::string::npos) << texts[0];
}

} // namespace
} // namespace allod::stack
