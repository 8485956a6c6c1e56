// Reading whole inputs: which objects come out, from where, and what is said of the rest.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "inputs_test.h"
#include "manifest/read.h"

namespace allod::manifest {
namespace {

namespace fs = std::filesystem;

class ReadTest : public test::InputsTest {};

using Names = std::vector<std::string>;

std::string config_map(const std::string& name) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n  namespace: here\n";
}

TEST_F(ReadTest, FoldersAreReadInOrder) {
  write("b.yaml", config_map("b"));
  write("a/z.yml", config_map("az"));
  write("a/a.json", R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "aa"}})");
  write("c.txt", "no: manifest");
  write(".hidden/d.yaml", config_map("d"));
  run({folder_.string()});
  EXPECT_EQ(names(), (Names{"aa", "az", "b"}));
  EXPECT_EQ(summary_.files, 3U);
  EXPECT_EQ(summary_.objects, 3U);
  EXPECT_TRUE(problems_.empty());
}

TEST_F(ReadTest, ObjectsKnowWhatTheyAreAndWhere) {
  const std::string path = write("a.yaml", "# first\n---\n" + config_map("a") + "---\n" +
                                               config_map("b") + "data: {ä: [1, x: 2]}\n");
  run({path});
  ASSERT_EQ(objects_.size(), 2U);
  const Object& object = objects_[1];
  EXPECT_EQ(object.api_version(), "v1");
  EXPECT_EQ(object.kind(), "ConfigMap");
  EXPECT_EQ(object.namespace_(), "here");
  const std::vector<Step> steps{std::string("data"), std::string("ä"), std::size_t{0}};
  EXPECT_EQ(object.locate(steps), (Location{path, {14, 12, 1}}));
  EXPECT_EQ(object.line_text(object.locate(steps)), "data: {ä: [1, x: 2]}");
  const std::vector<Step> beyond{std::string("metadata"), std::string("labels"), std::string("x")};
  EXPECT_EQ(object.locate(beyond).position.line, 12U);
  EXPECT_TRUE(object.value().as_map().find("metadata"));
}

TEST_F(ReadTest, NoLineOfASecretIsShown) {
  run({write("a.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {x: y}\n")});
  ASSERT_EQ(objects_.size(), 1U);
  const std::vector<Step> path{std::string("stringData"), std::string("x")};
  EXPECT_EQ(objects_[0].locate(path).position.line, 4U);
  EXPECT_EQ(objects_[0].line_text(objects_[0].locate(path)), "");
}

TEST_F(ReadTest, ListsAreTheirItems) {
  run({write("a.yaml",
             "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: "
             "{name: a}}\n- {apiVersion: v1, kind: PodList, items: [{apiVersion: v1, "
             "kind: Pod, metadata: {generateName: b-}}]}\n")});
  EXPECT_EQ(names(), (Names{"a", "b-"}));
}

TEST_F(ReadTest, ItemsOfTypedListsHaveTheirType) {
  run({write("a.json", R"({"apiVersion": "v1", "kind": "PodList", "items": [)"
                       R"({"metadata": {"name": "a"}, "spec": {"hostNetwork": true}}]})")});
  ASSERT_EQ(names(), Names{"a"});
  EXPECT_EQ(objects_[0].kind(), "Pod");
  EXPECT_EQ(objects_[0].api_version(), "v1");
  const std::vector<Step> path{std::string("spec"), std::string("hostNetwork")};
  EXPECT_EQ(objects_[0].locate(path).position, (Position{1, 103, 4}));
}

TEST_F(ReadTest, BrokenFilesDoNotStopTheOthers) {
  write("a.yaml", "a: [1\n");
  write("b.yaml", config_map("b"));
  write("c.json", "{\"a\": }");
  run({folder_.string(), (folder_ / "missing.yaml").string()});
  EXPECT_EQ(names(), Names{"b"});
  ASSERT_EQ(problems_.size(), 3U);
  for (const Problem& problem : problems_)
    EXPECT_TRUE(problem.error.place());
}

TEST_F(ReadTest, WhatIsNoObjectIsCountedOrAProblem) {
  Inputs inputs;
  inputs.paths = {write("values.yaml", "replicas: 3\n")};
  run(inputs);
  EXPECT_EQ(summary_.skipped, 1U);
  inputs.strict = true;
  run(inputs);
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_EQ(problems_[0].error.message(), "this is no object: it has no apiVersion");
  EXPECT_EQ(problems_[0].line_text, "replicas: 3");
}

TEST_F(ReadTest, IgnoreFilesAreRespected) {
  fs::create_directories(folder_ / ".git");
  write(".gitignore", "/build/\n*.tmp.yaml\n!keep.tmp.yaml\ndocs/**/draft.yaml\nsecret.yaml\n");
  write("a.yaml", config_map("a"));
  write("build/b.yaml", config_map("b"));
  write("x/build/c.yaml", config_map("c"));
  write("x/d.tmp.yaml", config_map("d"));
  write("x/keep.tmp.yaml", config_map("keep"));
  write("docs/draft.yaml", config_map("e"));
  write("docs/p/q/draft.yaml", config_map("f"));
  write("x/.gitignore", "!secret.yaml\ng.yaml\n");
  write("secret.yaml", config_map("s1"));
  write("x/secret.yaml", config_map("s2"));
  write("x/g.yaml", config_map("g"));
  run({folder_.string()});
  EXPECT_EQ(names(), (Names{"a", "c", "keep", "s2"}));
  // The rules above a folder hold in it, too.
  objects_.clear();
  run({(folder_ / "x").string()});
  EXPECT_EQ(names(), (Names{"c", "keep", "s2"}));
  objects_.clear();
  Inputs inputs;
  inputs.paths = {folder_.string()};
  inputs.respect_ignore_files = false;
  run(inputs);
  EXPECT_EQ(objects_.size(), 10U);
}

TEST_F(ReadTest, WhatIsNoFileIsAProblemAndNobodyWaits) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe.yaml").c_str(), 0600), 0);
  fs::create_symlink("self.yaml", folder_ / "self.yaml");
  fs::create_symlink(".", folder_ / "loop");
  fs::create_symlink("/dev/zero", folder_ / "zero.yaml");
  fs::create_symlink("missing", folder_ / "gone.yaml");
  write("a.yaml", config_map("a"));
  fs::create_symlink("a.yaml", folder_ / "z.yaml");
  run({folder_.string()});
  EXPECT_EQ(names(), (Names{"a", "a"}));
  std::vector<std::string> messages;
  for (const Problem& problem : problems_)
    messages.push_back(fs::path(problem.error.place()->file).filename().string() + ": " +
                       problem.error.message());
  std::sort(messages.begin(), messages.end());
  const std::string base = folder_.string() + "/";
  EXPECT_EQ(messages,
            (Names{"gone.yaml: reading " + base + "gone.yaml: No such file or directory",
                   "pipe.yaml: " + base + "pipe.yaml is a named pipe, not a file",
                   "self.yaml: reading " + base + "self.yaml: Too many levels of symbolic links",
                   "zero.yaml: " + base + "zero.yaml is a device, not a file"}));
}

TEST_F(ReadTest, LargeStreamsAreReadInPieces) {
  std::string text = "# a comment first\n";
  constexpr int kCount = 6000;
  for (int i = 0; i < kCount; ++i) {
    text += "---\n" + config_map("object-" + std::to_string(i)) +
            "data:\n  text: |\n    --- no\n   " + " marker\n  filler: " + std::string(400, 'x') +
            "\n";
  }
  const std::string path = write("large.yaml", text);
  for (const unsigned workers : {1U, 3U}) {
    Inputs inputs;
    inputs.paths = {path};
    inputs.workers = workers;
    objects_.clear();
    run(inputs);
    ASSERT_EQ(objects_.size(), static_cast<std::size_t>(kCount));
    EXPECT_EQ(summary_.bytes, text.size());
    for (int i = 0; i < kCount; i += 97) {
      const Object& object = objects_[static_cast<std::size_t>(i)];
      EXPECT_EQ(object.name(), "object-" + std::to_string(i));
      // Each has eleven lines; the fourth below --- is the first of its metadata.
      EXPECT_EQ(object.locate(std::vector<Step>{std::string("metadata")}).position.line,
                static_cast<std::uint32_t>(2 + i * 11 + 4));
    }
  }
}

TEST_F(ReadTest, LargeListsAreSharedOut) {
  std::string text = R"({"apiVersion": "v1", "kind": "List", "items": [)";
  for (int i = 0; i < 1000; ++i)
    text += std::string(i == 0 ? "" : ",") +
            R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p)" + std::to_string(i) +
            "\"}}";
  Inputs inputs;
  inputs.paths = {write("list.json", text + "]}")};
  inputs.workers = 4;
  run(inputs);
  ASSERT_EQ(objects_.size(), 1000U);
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(objects_[static_cast<std::size_t>(i)].name(), "p" + std::to_string(i));
}

TEST_F(ReadTest, DocumentsAfterABrokenOneAreRead) {
  run({write("a.yaml", config_map("a") + "---\nb: [\n---\n" + config_map("c") +
                           "---\nd: \"\n---\n" + config_map("e") + "---\nf: 1\nf: 2\n")});
  EXPECT_EQ(names(), (Names{"a", "c", "e"}));
  ASSERT_EQ(problems_.size(), 3U);
  EXPECT_EQ(problems_[0].error.place()->line, 8U);
  EXPECT_EQ(problems_[2].line_text, "f: 2");
}

TEST_F(ReadTest, AllodDocumentsFollowTheCoreSchema) {
  run({write("stack.yaml", "apiVersion: allod/v1alpha1\nkind: Stack\nmetadata: {name: no}\n")});
  EXPECT_EQ(names(), Names{"no"});
  EXPECT_EQ(objects_[0].origin, Origin::stack);
}

TEST_F(ReadTest, PlansAreTheirResources) {
  run({write("plan.json", R"({"format_version": "1.2", "resource_changes": [
{"address": "a.b", "change": {"actions": ["create"], "after": {"x": 1}, "after_unknown": {"id": true}}}]})"),
       write("broken.json", R"({"format_version": "1.2", "password": "secret", })")});
  ASSERT_EQ(names(), Names{"a.b"});
  EXPECT_EQ(objects_[0].origin, Origin::plan);
  const Location location =
      objects_[0].locate(std::vector<Step>{std::string("values"), std::string("x")});
  EXPECT_EQ(location.position, (Position{2, 69, 1}));
  // No line of a plan is ever shown.
  EXPECT_EQ(objects_[0].line_text(location), "");
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_EQ(problems_[0].line_text, "");
}

} // namespace
} // namespace allod::manifest
