// A folder that goes with the test.
#pragma once

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "base/files.h"

namespace allod::agent::testing {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = "/tmp/allod-agent-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchFolder() {
    const Status removed = remove_tree(path_);
    EXPECT_TRUE(removed);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

} // namespace allod::agent::testing
