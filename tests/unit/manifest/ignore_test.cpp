// Globs and rules of .gitignore files.
#include <gtest/gtest.h>

#include "manifest/ignore.h"

namespace allod::manifest {
namespace {

TEST(IgnoreTest, Globs) {
  struct Case {
    std::string_view glob;
    std::string_view path;
    bool matches;
  };
  constexpr Case kCases[] = {
      {"a", "a", true},
      {"a", "ab", false},
      {"*", "a", true},
      {"*", "a/b", false},
      {"*.yaml", "x.yaml", true},
      {"*.yaml", "x.yml", false},
      {"a*b*c", "aXbYbZc", true},
      {"a?c", "abc", true},
      {"a?c", "a/c", false},
      {"a/*/c", "a/b/c", true},
      {"a/*/c", "a/b/b/c", false},
      {"**/c", "c", true},
      {"**/c", "a/b/c", true},
      {"a/**", "a/b/c", true},
      {"a/**", "a", false},
      {"a/**/c", "a/c", true},
      {"a/**/c", "a/x/y/c", true},
      {"a/**/c", "ac", false},
      {"[a-c]x", "bx", true},
      {"[!a-c]x", "bx", false},
      {"[]]", "]", true},
      {"[a", "[a", false},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"**/a/**/b", "x/a/y/a/z/b", true},
      {"**/*.b/c", "x.b/y.b/c", true},
      {"", "", true},
      {"**", "a/b", true},
      {"a**b", "axxb", true},
  };
  for (const Case& test : kCases)
    EXPECT_EQ(matches_glob(test.glob, test.path), test.matches) << test.glob << " " << test.path;
}

TEST(IgnoreTest, HostileGlobsEnd) {
  std::string glob;
  for (int i = 0; i < 200; ++i)
    glob += "*a";
  EXPECT_FALSE(matches_glob(glob + "b", std::string(5000, 'a')));
  std::string folders;
  std::string path;
  for (int i = 0; i < 200; ++i) {
    folders += "**/a*/";
    path += "aa/aa/";
  }
  EXPECT_FALSE(matches_glob(folders + "b", path + "c"));
}

TEST(IgnoreTest, TheLastRuleThatMatchesDecides) {
  const IgnoreRules rules("# comment\n\n*.yaml\n!a.yaml  \n/top.yml\nfolder/\nx/y\n\\!b\r\n", 2, "",
                          nullptr);
  EXPECT_TRUE(rules.ignores("p/z.yaml", false));
  EXPECT_FALSE(rules.ignores("p/q/a.yaml", false));
  EXPECT_TRUE(rules.ignores("p/top.yml", false));
  EXPECT_FALSE(rules.ignores("p/q/top.yml", false));
  EXPECT_TRUE(rules.ignores("p/q/folder", true));
  EXPECT_FALSE(rules.ignores("p/q/folder", false));
  EXPECT_TRUE(rules.ignores("p/x/y", false));
  EXPECT_FALSE(rules.ignores("p/q/x/y", false));
  EXPECT_TRUE(rules.ignores("p/!b", false));
}

} // namespace
} // namespace allod::manifest
