// Bad inputs and what they are answered with: tests/golden/document/NAME.{yaml,json} and
// NAME.expected. Inputs called schema-… are checked by stack.schema.json. ALLOD_ACCEPT=1 rewrites
// what is expected.
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/files.h"
#include "document/diagnostics.h"
#include "document/document_file.h"
#include "document/schema.h"

namespace allod::document {
namespace {

const std::string kFolder = ALLOD_SOURCE_DIR "/tests/golden/document/";
const std::string kSchemaFile = "stack.schema.json";

std::vector<std::string> inputs() {
  std::vector<std::string> names;
  const Result<std::vector<std::string>> found = list_directory(kFolder);
  if (!found) return names;
  for (const std::string& name : *found) {
    if (name != kSchemaFile && !name.ends_with(".expected")) names.push_back(name);
  }
  return names;
}

std::vector<Error> faults_of(const std::string& name) {
  const Result<Value> value = read_document_file(kFolder + name, {}, name);
  if (!value) return {value.error()};
  if (!name.starts_with("schema-")) return {};
  SchemaRegistry registry;
  Result<Value> schema = read_document_file(kFolder + kSchemaFile);
  if (!schema) return {schema.error()};
  std::vector<Error> faults = registry.add(*std::move(schema));
  if (!faults.empty()) return faults;
  return registry.validate("golden:stack", *value);
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, IsAnsweredAsExpected) {
  const std::string& name = GetParam();
  const std::string expected_file = kFolder + name.substr(0, name.rfind('.')) + ".expected";
  Sources sources;
  sources.add(name, *read_file(kFolder + name));
  const std::string shown = render(faults_of(name), {.sources = &sources});
  if (std::getenv("ALLOD_ACCEPT") != nullptr) {
    ASSERT_TRUE(write_file(expected_file, shown, {.mode = 0644}).ok());
  }
  const Result<std::string> expected = read_file(expected_file);
  ASSERT_TRUE(expected.ok()) << "no expected answer yet: run with ALLOD_ACCEPT=1\n" << shown;
  EXPECT_EQ(shown, *expected);
}

INSTANTIATE_TEST_SUITE_P(Document, Golden, ::testing::ValuesIn(inputs()),
                         [](const auto& parameter) {
                           std::string name;
                           for (const char c : parameter.param) {
                             name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           }
                           return name;
                         });

} // namespace
} // namespace allod::document
