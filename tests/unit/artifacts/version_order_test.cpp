#include <gtest/gtest.h>

#include "artifacts/version_order.h"

namespace allod::artifacts {
namespace {

TEST(VersionOrder, NumbersCountByValue) {
  const std::vector<std::string> rising = {"1.2",        "1.9",     "1.10",    "1.10.1",
                                           "2.0-alpha1", "2.0-rc1", "2.0-rc2", "2.0",
                                           "2.0.1",      "26.7.3",  "26.10.0"};
  for (std::size_t a = 0; a < rising.size(); ++a) {
    for (std::size_t b = 0; b < rising.size(); ++b) {
      const int order = compare_versions(rising[a], rising[b]);
      EXPECT_EQ(order < 0, a < b) << rising[a] << " " << rising[b];
      EXPECT_EQ(order > 0, a > b) << rising[a] << " " << rising[b];
    }
  }
  EXPECT_LT(compare_versions("v7.15.4", "v7.16.0"), 0);
}

TEST(VersionOrder, PreReleases) {
  for (const char* version : {"2.0-rc1", "2.0rc1", "1.0a2", "3.0.0.Beta1", "1.0.0.CR2",
                              "1.0-SNAPSHOT", "v0.0.0-20240101120000-abcdefabcdef"}) {
    EXPECT_TRUE(is_prerelease(version)) << version;
  }
  for (const char* version :
       {"2.0", "25.0.2.1", "v7.15.4", "1.0.0.Final", "33.4.8-jre", "v2.0.0+incompatible"}) {
    EXPECT_FALSE(is_prerelease(version)) << version;
  }
}

TEST(VersionOrder, NewestAndNewestOfTheSameMinor) {
  NewerItem item;
  item.version = "26.7.3";
  EXPECT_TRUE(choose_newer({"26.7.2", "26.7.3", "26.7.10", "26.8.0", "27.0.0-rc1"}, item));
  EXPECT_EQ(item.patch, "26.7.10");
  EXPECT_EQ(item.newest, "26.8.0");
  NewerItem last;
  last.version = "26.8.0";
  EXPECT_FALSE(choose_newer({"26.7.2", "26.8.0", "27.0.0-rc1"}, last));
  EXPECT_FALSE(choose_newer({}, last));
}

} // namespace
} // namespace allod::artifacts
