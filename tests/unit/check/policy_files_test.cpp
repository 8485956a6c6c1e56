#include <algorithm>

#include <gtest/gtest.h>
#include <unistd.h>

#include "check/policy_files.h"
#include "samples.h"

namespace allod::check {
namespace {

PolicyLibrary shipped() {
  return PolicyLibrary(ALLOD_SOURCE_DIR "/catalogue/policies");
}

TEST(PolicyFiles, OfASetAreFoundWithoutItsExamples) {
  const Result<ChosenPolicies> set = shipped().find("pss-baseline");
  ASSERT_TRUE(set.ok());
  EXPECT_GT(set->files.size(), 5U);
  EXPECT_TRUE(std::none_of(set->files.begin(), set->files.end(), is_example));
}

TEST(PolicyFiles, OfASetTakeInTheSetsThatItsKustomizationLists) {
  const std::vector<std::string> baseline = shipped().files_of_set("pss-baseline");
  std::vector<std::string> restricted = shipped().files_of_set("pss-restricted");
  EXPECT_GT(restricted.size(), baseline.size());
  for (const std::string& file : baseline)
    EXPECT_EQ(std::count(restricted.begin(), restricted.end(), file), 1) << file;
  EXPECT_FALSE(shipped().find("pss-restricted-host-ports").ok());
}

TEST(PolicyFiles, OfOnePolicyKeepWhatItsSetShares) {
  const Result<ChosenPolicies> one = shipped().find("pss-baseline-host-ports");
  ASSERT_TRUE(one.ok());
  PolicyDocuments documents;
  std::vector<Error> problems;
  read_policies(*one, documents, problems);
  ASSERT_TRUE(problems.empty());
  std::size_t policies = 0;
  std::size_t bindings = 0;
  for (const document::Value& value : documents.policies) {
    if (value.string_or("kind", "") == "ValidatingAdmissionPolicy") ++policies;
    if (value.string_or("kind", "") == "ValidatingAdmissionPolicyBinding") ++bindings;
  }
  EXPECT_EQ(policies, 1U);
  EXPECT_GT(bindings, 1U);
  EXPECT_EQ(shipped().find("pss-baseline/host-ports").value_or(ChosenPolicies()).only, one->only);
}

TEST(PolicyFiles, OfSetsThatShareFilesAreReadOnce) {
  PolicyDocuments documents;
  std::vector<Error> problems;
  for (const char* name : {"pss-baseline", "pss-restricted", "pss-baseline-host-ports"})
    read_policies(*shipped().find(name), documents, problems);
  EXPECT_TRUE(problems.empty());
  std::set<std::string> names;
  for (const document::Value& value : documents.policies) {
    const std::string name = value.at_path({"metadata", "name"})->as_string();
    EXPECT_TRUE(names.insert(value.string_or("kind", "") + " " + name).second) << name;
  }
  EXPECT_TRUE(names.contains("ValidatingAdmissionPolicy pss-baseline-privileged"));
  EXPECT_TRUE(names.contains("ValidatingAdmissionPolicy pss-restricted-seccomp"));
}

TEST(PolicyFiles, ThatAreNotThereAreNamedWithTheNearest) {
  const Result<ChosenPolicies> none = shipped().find("pss-baselin");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), ErrorCode::not_found);
  EXPECT_NE(none.error().hint().find("pss-baseline"), std::string::npos);
  EXPECT_FALSE(PolicyLibrary("/nowhere").find("pss-baseline").ok());
}

TEST(PolicyFiles, TakeListsApartAndKeepWhatCanBeParams) {
  const TemporaryFile file(".yaml", R"(apiVersion: v1
kind: List
items:
  - {apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: a}}
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}
---
just: data
)");
  PolicyDocuments documents;
  std::vector<Error> problems;
  read_policies({{file.path()}, {}}, documents, problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(documents.policies.size(), 1U);
  EXPECT_EQ(documents.params.size(), 1U);
}

} // namespace
} // namespace allod::check
