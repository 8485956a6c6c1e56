#include <gtest/gtest.h>

#include "base/glob.h"

namespace allod {
namespace {

TEST(Glob, StarStaysWithinASegment) {
  EXPECT_TRUE(glob_matches("/usr/lib/*.so", "/usr/lib/a.so"));
  EXPECT_FALSE(glob_matches("/usr/lib/*.so", "/usr/lib/x/a.so"));
  EXPECT_TRUE(glob_matches("/a/?", "/a/b"));
  EXPECT_FALSE(glob_matches("/a?b", "/a/b"));
}

TEST(Glob, TwoStarsCrossSegments) {
  EXPECT_TRUE(glob_matches("/opt/**/*.bat", "/opt/k/bin/kc.bat"));
  EXPECT_FALSE(glob_matches("/opt/**/*.bat", "/opt/k/bin/kc.sh"));
}

TEST(Glob, TrailingTwoStarsTakeTheFolderToo) {
  EXPECT_TRUE(glob_matches("/usr/share/doc/**", "/usr/share/doc"));
  EXPECT_TRUE(glob_matches("/usr/share/doc/**", "/usr/share/doc/a/b"));
  EXPECT_FALSE(glob_matches("/usr/share/doc/**", "/usr/share/docs"));
}

TEST(Glob, CoversWhatLiesInAMatchingFolder) {
  EXPECT_TRUE(any_glob_covers({"/usr/share/man"}, "/usr/share/man/man1/ls.1.gz"));
  EXPECT_TRUE(any_glob_covers({"/usr/share/m*"}, "/usr/share/man/man1"));
  EXPECT_FALSE(any_glob_covers({"/usr/share/man"}, "/usr/share/manual"));
  EXPECT_FALSE(any_glob_covers({}, "/usr"));
}

} // namespace
} // namespace allod
