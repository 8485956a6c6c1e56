// Plans and states of OpenTofu: what policies see of them, and what they never see.
#include <gtest/gtest.h>

#include "dump.h"
#include "manifest/plan.h"
#include "manifest/yaml.h"

namespace allod::manifest {
namespace {

std::string resources(Document& document, std::string_view text) {
  document.reset("plan.json");
  document.set_text(text);
  if (Status status = read_json(document); !status) return status.error().describe();
  const Node& root = document.roots()[0];
  if (!is_plan_or_state(root)) return "neither";
  std::vector<PlanResource> found;
  if (Status status = read_plan(document, root, found); !status) return status.error().describe();
  std::string result;
  for (const PlanResource& resource : found)
    result += (result.empty() ? "" : "\n") + dump(*resource.node);
  return result;
}

TEST(PlanTest, ChangesAreObjects) {
  Document document;
  EXPECT_EQ(resources(document, R"({"format_version": "1.2", "resource_changes": [
    {"address": "a.b", "mode": "managed", "type": "a", "name": "b", "provider_name": "p",
     "change": {"actions": ["update"], "before": {"x": 1}, "after": {"x": 2, "y": [{"z": true}]},
                "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {"y": [{}]}}}]})"),
            R"({"apiVersion":"tofu.allod/v1","kind":"ResourceChange","metadata":{"name":"a.b"},)"
            R"("address":"a.b","type":"a","provider":"p","mode":"managed",)"
            R"("values":{"x":2,"y":[{"z":true}]},"before":{"x":1},"actions":["update"]})");
}

TEST(PlanTest, WhatIsNotKnownYetIsUnknownByItsPath) {
  Document document;
  const std::string found = resources(document, R"({"format_version": "1.0", "resource_changes": [
    {"address": "a.b", "change": {"actions": ["create"], "before": null,
     "after": {"x": null, "l": [{"k": 1}], "m": {"q": "r"}},
     "after_unknown": {"id": true, "x": false, "l": [{"mac": true}, {"mac": true}], "m": {},
                       "n": [true], "o": [{}], "p": false}}}]})");
  EXPECT_NE(found.find(R"("values":{"x":null,"l":[{"k":1,"mac":?object.values.l[0].mac},)"
                       R"({"mac":?object.values.l[1].mac}],"m":{"q":"r"},"id":?object.values.id,)"
                       R"("n":[?object.values.n[0]]},"before":null)"),
            std::string::npos)
      << found;
}

TEST(PlanTest, WhatIsSensitiveIsNeverSeen) {
  Document document;
  const std::string found = resources(document, R"({"format_version": "1.0", "resource_changes": [
    {"address": "a.b", "change": {"actions": ["update"],
     "before": {"password": "old secret", "n": {"t": "old secret"}}, "before_sensitive": {"password": true, "n": true},
     "after": {"password": "secret", "list": [{"t": "secret"}], "open": 1},
     "after_unknown": {"password": true}, "after_sensitive": {"password": true, "list": [{"t": true}]}}},
    {"address": "c.d", "change": {"after": {"x": "secret"}, "after_sensitive": true}}]})");
  EXPECT_EQ(found.find("secret\""), std::string::npos) << found;
  EXPECT_NE(found.find(R"({"password":?object.values.password (sensitive),)"
                       R"("list":[{"t":?object.values.list[0].t (sensitive)}],"open":1})"),
            std::string::npos)
      << found;
}

TEST(PlanTest, StatesAreTheirResourcesModuleByModule) {
  Document document;
  EXPECT_EQ(resources(document, R"({"format_version": "1.0", "values": {"root_module": {
    "resources": [{"address": "a.b", "mode": "managed", "type": "a", "provider_name": "p",
                   "values": {"x": 1, "key": "k"}, "sensitive_values": {"key": true}}],
    "child_modules": [{"resources": [{"address": "m.c.d", "values": {}}]}]}}})"),
            R"({"apiVersion":"tofu.allod/v1","kind":"Resource","metadata":{"name":"a.b"},)"
            R"("address":"a.b","type":"a","provider":"p","mode":"managed",)"
            R"("values":{"x":1,"key":?object.values.key (sensitive)}})"
            "\n"
            R"({"apiVersion":"tofu.allod/v1","kind":"Resource","metadata":{"name":"m.c.d"},)"
            R"("address":"m.c.d","type":"","provider":"","mode":"","values":{}})");
}

TEST(PlanTest, OddPlans) {
  Document document;
  EXPECT_EQ(resources(document, R"({"apiVersion": "v1"})"), "neither");
  EXPECT_EQ(resources(document, R"({"format_version": "0.1", "resource_changes": []})"),
            "plan.json:1:20: format version 0.1 is not known (1.0 and what follows it is; write "
            "the file by `tofu "
            "show -json`)");
  EXPECT_EQ(resources(document, R"({"format_version": "1.0", "planned_values": {}})"), "");
  // Nothing of the expected shape: no crash, and no values that are not there.
  for (const char* change : {"null", "5", "[]", "{}", R"({"change": 1})",
                             R"({"change": {"after": 3, "after_unknown": {"x": true}}})",
                             R"({"change": {"after": [1], "after_unknown": {"0": true}}})",
                             R"({"address": {}, "change": {"after_unknown": true}})"}) {
    const std::string found =
        resources(document, R"({"format_version": "1.0", "resource_changes": [)" +
                                std::string(change) + "]}");
    EXPECT_NE(found.find("ResourceChange"), std::string::npos) << change << found;
  }
}

} // namespace
} // namespace allod::manifest
