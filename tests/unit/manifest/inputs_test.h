// What the tests of whole inputs share.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "manifest/read.h"

namespace allod::manifest::test {

/// A folder of its own for each test, and what reading inputs gives: in the order of files.
class InputsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "manifest-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text) {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }

  void run(Inputs inputs) {
    std::mutex mutex;
    objects_.clear();
    problems_.clear();
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

  std::filesystem::path folder_;
  Summary summary_;
  std::vector<Object> objects_;
  std::vector<Problem> problems_;
};

} // namespace allod::manifest::test
