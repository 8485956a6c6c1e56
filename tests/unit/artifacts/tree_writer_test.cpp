#include <optional>

#include <gtest/gtest.h>
#include <unistd.h>

#include "artifacts/tree_writer.h"
#include "base/files.h"
#include "fixtures.h"

namespace allod::artifacts {
namespace {

class TreeWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_directories(scratch_ / "tree").ok());
    Result<TreeWriter> opened = TreeWriter::open(scratch_ / "tree");
    ASSERT_TRUE(opened.ok());
    writer_.emplace(std::move(*opened));
  }
  Status write(const std::string& path, const std::string& text, int order, mode_t mode = 0644) {
    const Result<UniqueFd> file = writer_->make_file(path, mode, order);
    if (!file) return file.error();
    if (!*file) return {};
    EXPECT_EQ(::write(file->get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    return {};
  }
  [[nodiscard]] std::string at(const std::string& path) const {
    return scratch_ / ("tree/" + path);
  }

  test::Scratch scratch_;
  std::optional<TreeWriter> writer_;
};

TEST_F(TreeWriterTest, LaterPartWinsWhateverTheOrderOfUnpacking) {
  ASSERT_TRUE(write("a/x", "second", 2).ok());
  ASSERT_TRUE(write("a/x", "first", 1).ok());
  EXPECT_EQ(test::content(at("a/x")), "second");
  ASSERT_TRUE(write("a/x", "third", 3).ok());
  EXPECT_EQ(test::content(at("a/x")), "third");
  EXPECT_FALSE(writer_->order_matters());
}

TEST_F(TreeWriterTest, LinksCannotLeadOutside) {
  ASSERT_TRUE(write_file(scratch_ / "victim", "safe").ok());
  ASSERT_TRUE(writer_->make_symlink("out", scratch_.path(), 0).ok());
  // The absolute target means a place in the tree; it is not there, so it is made there.
  static_cast<void>(write("out/victim", "overwritten", 1));
  EXPECT_EQ(test::content(scratch_ / "victim"), "safe");
  EXPECT_FALSE(writer_->make_symlink("up", "../../victim", 0).ok());
  // A link that somebody put there by other means is confined by the kernel all the same.
  ASSERT_EQ(::symlink("../..", at("sly").c_str()), 0);
  static_cast<void>(write("sly/victim", "overwritten", 1));
  EXPECT_EQ(test::content(scratch_ / "victim"), "safe");
}

TEST_F(TreeWriterTest, AbsoluteLinksBecomeRelative) {
  ASSERT_TRUE(writer_->make_directory("etc/alternatives").ok());
  ASSERT_TRUE(writer_->make_symlink("etc/alternatives/x", "/usr/bin/x", 0).ok());
  EXPECT_EQ(test::link_target(at("etc/alternatives/x")), "../../usr/bin/x");
  ASSERT_TRUE(writer_->make_symlink("root", "/", 0).ok());
  EXPECT_EQ(test::link_target(at("root")), ".");
}

TEST_F(TreeWriterTest, FilesGoThroughLinkedFolders) {
  ASSERT_TRUE(writer_->make_directory("usr/lib").ok());
  ASSERT_TRUE(writer_->make_symlink("lib", "usr/lib", 0).ok());
  ASSERT_TRUE(write("lib/a.so", "a", 1).ok());
  EXPECT_EQ(test::content(at("usr/lib/a.so")), "a");
  // The same file by its other name is the same claim.
  ASSERT_TRUE(write("usr/lib/a.so", "old", 0).ok());
  EXPECT_EQ(test::content(at("usr/lib/a.so")), "a");
}

TEST_F(TreeWriterTest, SetUserIdIsNotKept) {
  ASSERT_TRUE(write("su", "x", 0, 04755).ok());
  EXPECT_EQ(test::mode(at("su")) & 07000U, 0U);
}

TEST_F(TreeWriterTest, FolderOverLinkMakesOrderMatter) {
  ASSERT_TRUE(writer_->make_directory("a").ok());
  ASSERT_TRUE(writer_->make_symlink("b", "a", 0).ok());
  ASSERT_TRUE(writer_->make_directory("b").ok());
  EXPECT_TRUE(writer_->order_matters());
  ASSERT_TRUE(write("c", "file", 0).ok());
  EXPECT_FALSE(writer_->make_directory("c").ok());
}

TEST(ConfinedTarget, CountsSegments) {
  EXPECT_EQ(*confined_target("a/b", "../c"), "../c");
  EXPECT_TRUE(confined_target("a/b", "../../c").ok());
  EXPECT_FALSE(confined_target("a/b", "../../../c").ok());
  EXPECT_FALSE(confined_target("a", "/../x").ok());
  EXPECT_FALSE(confined_target("a", "").ok());
}

} // namespace
} // namespace allod::artifacts
