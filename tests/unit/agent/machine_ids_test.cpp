#include <fstream>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "agent/machine_ids.h"
#include "scratch_folder.h"

namespace allod::agent {
namespace {

using testing::ScratchFolder;

TEST(MachineIds, AStackKeepsItsBlock) {
  const ScratchFolder folder;
  const std::string file = folder.path() + "/machine.json";
  EXPECT_EQ(*user_id_block(file, "home"), kFirstUserId);
  EXPECT_EQ(*user_id_block(file, "work"), kFirstUserId + kUserIdsPerStack);
  EXPECT_EQ(*user_id_block(file, "home"), kFirstUserId);
  ASSERT_TRUE(release_user_id_block(file, "home"));
  EXPECT_EQ(*user_id_block(file, "third"), kFirstUserId);
  EXPECT_EQ(*user_id_block(file, "work"), kFirstUserId + kUserIdsPerStack);
}

TEST(MachineIds, NoBlockIsHandedOutTwice) {
  const ScratchFolder folder;
  const std::string file = folder.path() + "/machine.json";
  std::vector<std::uint32_t> blocks(8);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      threads.emplace_back([&, i] { blocks[i] = *user_id_block(file, "s" + std::to_string(i)); });
    }
  }
  EXPECT_EQ(std::set(blocks.begin(), blocks.end()).size(), blocks.size());
}

TEST(MachineIds, ABrokenTableIsNotGuessedAnew) {
  const ScratchFolder folder;
  const std::string file = folder.path() + "/machine.json";
  std::ofstream(file) << "{}";
  const Result<std::uint32_t> block = user_id_block(file, "home");
  ASSERT_FALSE(block);
  EXPECT_FALSE(block.error().hint().empty());
}

} // namespace
} // namespace allod::agent
