#include <gtest/gtest.h>

#include "document/json_writer.h"
#include "support.h"

namespace allod::policy::test {
namespace {

/// A whole mutating policy for everything, with its mutations as a YAML list.
std::string mutating(const std::string& name, const std::string& mutations,
                     const std::string& rest = "  reinvocationPolicy: Never\n") {
  return "---\napiVersion: admissionregistration.k8s.io/v1beta1\nkind: MutatingAdmissionPolicy\n"
         "metadata: {name: " +
         name + "}\nspec:\n" + kEverythingMutable + rest + "  mutations:\n" + mutations;
}

std::string apply(const std::string& expression) {
  return "  - patchType: ApplyConfiguration\n    applyConfiguration:\n      expression: >-\n       "
         " " +
         expression + "\n";
}

std::string patch(const std::string& expression) {
  return "  - patchType: JSONPatch\n    jsonPatch:\n      expression: >-\n        " + expression +
         "\n";
}

const std::string kPod = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: "
                         "[{name: a, image: x}]}}";

/// The object's spec after the mutations, "unchanged", or what went wrong.
std::string mutated(const std::string& policies, const std::string& object = kPod) {
  const Compiled compiled = compile(policies);
  if (!compiled.problems.empty()) return "problem: " + compiled.problems.front().message();
  std::vector<Decision> decisions;
  const auto result = compiled.set.mutate(subject_of(value(object), Operation::create, resources()),
                                          rules(), decisions);
  if (!decisions.empty()) {
    return verdict_name(decisions[0].verdict) + ": " + decisions[0].message;
  }
  return result ? document::write_json(*result->find("spec")) : "unchanged";
}

TEST(Mutate, AppliesConfigurations) {
  EXPECT_EQ(
      mutated(mutating("a", apply("Object{spec: Object.spec{hostname: object.metadata.name}}"))),
      R"({"containers":[{"name":"a","image":"x"}],"hostname":"a"})");
  EXPECT_EQ(mutated(mutating("a", apply("Object{spec: Object.spec{containers: "
                                        "[Object.spec.containers{name: \"a\", tty: true}]}}"))),
            R"({"containers":[{"name":"a","image":"x","tty":true}]})");
  EXPECT_EQ(mutated(mutating("a", apply("Object{spec: Object.spec{hostnam: \"x\"}}"))),
            "error: error applying patch: failed to convert patch object to typed object: "
            ".spec.hostnam: field not declared in schema");
}

TEST(Mutate, AppliesPatches) {
  EXPECT_EQ(mutated(mutating("a", patch("[JSONPatch{op: \"add\", path: \"/spec/hostname\", value: "
                                        "\"h\"}]"))),
            R"({"containers":[{"name":"a","image":"x"}],"hostname":"h"})");
  EXPECT_EQ(mutated(mutating("a", patch("[JSONPatch{op: \"test\", path: \"/spec/hostname\", value: "
                                        "\"h\"}]"))),
            "unchanged");
}

TEST(Mutate, LaterPoliciesSeeWhatEarlierOnesMade) {
  const std::string sets = mutating("a", apply("Object{spec: Object.spec{hostname: \"h\"}}"));
  const std::string copies = mutating(
      "b", apply("Object{spec: Object.spec{subdomain: object.spec.?hostname.orValue(\"none\")}}"));
  EXPECT_EQ(mutated(sets + copies),
            R"({"containers":[{"name":"a","image":"x"}],"hostname":"h","subdomain":"h"})");
}

TEST(Mutate, RunsOnceMoreWhenAskedTo) {
  const auto copies = [](const std::string& reinvocation) {
    return mutating(
        "a", apply("Object{spec: Object.spec{subdomain: object.spec.?hostname.orValue(\"none\")}}"),
        "  reinvocationPolicy: " + reinvocation + "\n");
  };
  const std::string sets = mutating("b", apply("Object{spec: Object.spec{hostname: \"h\"}}"));
  EXPECT_EQ(mutated(copies("Never") + sets),
            R"({"containers":[{"name":"a","image":"x"}],"subdomain":"none","hostname":"h"})");
  EXPECT_EQ(mutated(copies("IfNeeded") + sets),
            R"({"containers":[{"name":"a","image":"x"}],"subdomain":"h","hostname":"h"})");
}

TEST(Mutate, RefusesOtherResults) {
  EXPECT_NE(mutated(mutating("a", apply("{\"a\": 1}"))).find("must evaluate to Object"),
            std::string::npos);
  EXPECT_NE(mutated(mutating("a", patch("[1]"))).find("must evaluate to list(JSONPatch)"),
            std::string::npos);
}

} // namespace
} // namespace allod::policy::test
