// Reading whole inputs: which objects come out, from where, and what is said of the rest.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>

#include <gtest/gtest.h>

#include "manifest/read.h"

namespace allod::manifest {
namespace {

namespace fs = std::filesystem;

class ReadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "manifest-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }

  void run(Inputs inputs) {
    std::mutex mutex;
    summary_ = read(
        inputs,
        [&](unsigned, Object object) {
          const std::lock_guard lock(mutex);
          objects_.push_back(std::move(object));
        },
        [&](Problem problem) {
          const std::lock_guard lock(mutex);
          problems_.push_back(std::move(problem));
        });
    std::sort(objects_.begin(), objects_.end(), [](const Object& a, const Object& b) {
      return std::pair(a.file, a.index) < std::pair(b.file, b.index);
    });
  }
  void run(std::vector<std::string> paths) {
    Inputs inputs;
    inputs.paths = std::move(paths);
    run(std::move(inputs));
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Object& object : objects_)
      names.emplace_back(object.name());
    return names;
  }

  fs::path folder_;
  Summary summary_;
  std::vector<Object> objects_;
  std::vector<Problem> problems_;
};

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

TEST_F(ReadTest, ListsAreTheirItems) {
  run({write("a.yaml",
             "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: "
             "{name: a}}\n- {apiVersion: v1, kind: PodList, items: [{apiVersion: v1, "
             "kind: Pod, metadata: {generateName: b-}}]}\n")});
  EXPECT_EQ(names(), (Names{"a", "b-"}));
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

} // namespace
} // namespace allod::manifest
