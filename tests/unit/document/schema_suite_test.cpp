// The official JSON Schema Test Suite, for the keywords that are understood.
#include <map>

#include <gtest/gtest.h>

#include "base/files.h"
#include "document/document_file.h"
#include "document/schema.h"

namespace allod::document {
namespace {

const std::string kFolder = ALLOD_SOURCE_DIR "/tests/unit/document/json-schema-test-suite/";

/// Groups whose schemas use what is refused on purpose, or need what is not there.
const std::map<std::string, std::string> kLeftOut = {
    {"defs.json: validate definition against metaschema", "the meta-schema is not registered"},
    {"ref.json: remote ref, containing refs itself", "the meta-schema is not registered"},
    {"ref.json: ref creates new scope when adjacent to keywords", "unevaluatedProperties"},
    {"not.json: collect annotations inside a 'not', even if collection is disabled",
     "unevaluatedProperties"},
};

class SchemaSuite : public ::testing::TestWithParam<std::string> {};

void run_group(const std::string& name, const Value& group) {
  SchemaRegistry registry;
  const std::string id = "suite:schema";
  const std::vector<Error> faults = registry.add(*group.find("schema"), id);
  for (const Error& fault : faults)
    ADD_FAILURE() << name << ": " << fault.describe();
  if (!faults.empty()) return;
  for (const Value& test : group.find("tests")->items()) {
    const std::vector<Error> errors = registry.validate(id, *test.find("data"));
    const std::string first = errors.empty() ? "no error" : errors.front().describe();
    EXPECT_EQ(errors.empty(), test.find("valid")->as_boolean())
        << name << ": " << test.string_or("description", "") << ": " << first;
  }
}

TEST_P(SchemaSuite, Holds) {
  const Result<Value> groups = read_document_file(kFolder + GetParam());
  ASSERT_TRUE(groups.ok()) << groups.error().describe();
  ASSERT_GT(groups->size(), 0U);
  for (const Value& group : groups->items()) {
    const std::string name = GetParam() + ": " + group.string_or("description", "");
    const auto left_out = kLeftOut.find(name);
    if (left_out == kLeftOut.end()) run_group(name, group);
  }
}

std::vector<std::string> suite_files() {
  std::vector<std::string> names;
  const Result<std::vector<std::string>> found = list_directory(kFolder);
  if (!found) return names;
  for (const std::string& name : *found) {
    if (name.ends_with(".json")) names.push_back(name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Draft202012, SchemaSuite, ::testing::ValuesIn(suite_files()),
                         [](const auto& parameter) {
                           std::string name;
                           for (const char c : parameter.param) {
                             if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
                           }
                           return name;
                         });

} // namespace
} // namespace allod::document
