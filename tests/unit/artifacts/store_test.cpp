#include <atomic>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "artifacts/store.h"
#include "base/hash.h"
#include "fixtures.h"

namespace allod::artifacts {
namespace {

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<Store> opened = Store::open(scratch_ / "store");
    ASSERT_TRUE(opened.ok()) << opened.error().describe();
    store_.emplace(std::move(*opened));
  }
  Digest put(const std::string& text) { return *store_->put(text); }
  void overwrite(const Digest& digest, const std::string& text) {
    ASSERT_TRUE(remove_tree(store_->blob_path(digest.sha256)).ok());
    ASSERT_TRUE(write_file(store_->blob_path(digest.sha256), text).ok());
  }

  test::Scratch scratch_;
  std::optional<Store> store_;
};

TEST_F(StoreTest, GivesBackWhatWasPut) {
  const Digest digest = put("content");
  EXPECT_EQ(digest.sha256, sha256_hex("content"));
  EXPECT_TRUE(store_->has(digest));
  EXPECT_EQ(*store_->get(digest), "content");
  EXPECT_TRUE(store_->verify(digest).ok());
}

TEST_F(StoreTest, FlippedBitIsFoundQuarantinedAndNamed) {
  const Digest digest = put("content");
  ASSERT_TRUE(store_->verify(digest).ok());
  overwrite(digest, "c0ntent");
  const Status verified = store_->verify(digest);
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().code(), ErrorCode::integrity);
  EXPECT_NE(verified.error().message().find(digest.sha256), std::string::npos);
  EXPECT_FALSE(store_->has(digest));
  EXPECT_EQ(list_directory(store_->root() + "/quarantine")->size(), 1U);
  // Fetching it again heals the store.
  EXPECT_TRUE(store_->put("content").ok());
  EXPECT_TRUE(store_->verify(digest).ok());
}

TEST_F(StoreTest, RefusesAnotherContentAndStaysUnharmed) {
  const std::string path = store_->root() + "/tmp/download";
  ASSERT_TRUE(write_file(path, "altered").ok());
  const Digest expected{sha256_hex("genuine"), 7};
  const Status imported = store_->import_file(path, expected, "wheel x 1.0");
  ASSERT_FALSE(imported.ok());
  EXPECT_EQ(imported.error().code(), ErrorCode::integrity);
  EXPECT_NE(imported.error().message().find("wheel x 1.0"), std::string::npos);
  ASSERT_EQ(imported.error().details().size(), 2U);
  EXPECT_NE(imported.error().details()[0].second.find(expected.sha256), std::string::npos);
  EXPECT_NE(imported.error().details()[1].second.find(sha256_hex("altered")), std::string::npos);
  EXPECT_FALSE(store_->has(expected));
}

TEST_F(StoreTest, TruncatedDownloadIsRefused) {
  const std::string path = store_->root() + "/tmp/download";
  ASSERT_TRUE(write_file(path, "genui").ok());
  EXPECT_FALSE(store_->import_file(path, {sha256_hex("genuine"), 7}, "part").ok());
}

TEST_F(StoreTest, ManyWritersOfOneBlob) {
  std::vector<std::thread> threads;
  for (int index = 0; index < 8; ++index) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round)
        EXPECT_TRUE(store_->put("shared").ok());
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(*store_->get({sha256_hex("shared"), 6}), "shared");
}

TEST_F(StoreTest, CollectsWhatIsNotKept) {
  const Digest kept = put("kept");
  const Digest gone = put("gone");
  ASSERT_TRUE(make_directories(store_->tree_folder("aa")).ok());
  ASSERT_TRUE(make_directories(store_->tree_folder("bb")).ok());
  KeepSet keep;
  keep.blobs = {kept.sha256};
  keep.trees = {"aa"};
  const auto freed = store_->collect_garbage(keep);
  ASSERT_TRUE(freed.ok()) << freed.error().describe();
  EXPECT_GT(*freed, 0U);
  EXPECT_TRUE(store_->has(kept));
  EXPECT_FALSE(store_->has(gone));
  EXPECT_TRUE(exists(store_->tree_folder("aa")));
  EXPECT_FALSE(exists(store_->tree_folder("bb")));
}

TEST_F(StoreTest, GarbageCollectionWaitsForUsers) {
  std::optional<StoreUse> use(*store_->use());
  std::atomic<bool> collected{false};
  std::thread collector([&] {
    EXPECT_TRUE(store_->collect_garbage({}).ok());
    collected = true;
  });
  const Digest digest = put("in use");
  EXPECT_TRUE(store_->has(digest));
  EXPECT_FALSE(collected);
  use.reset();
  collector.join();
  EXPECT_TRUE(collected);
}

} // namespace
} // namespace allod::artifacts
