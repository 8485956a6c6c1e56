#include <map>

#include <gtest/gtest.h>

#include "artifacts/archive_reader.h"
#include "fixtures.h"

namespace allod::artifacts {
namespace {

Result<std::map<std::string, std::string>> contents(const std::string& path, ArchiveKind kind) {
  Result<ArchiveReader> reader = ArchiveReader::open(path, kind);
  if (!reader) return std::move(reader).error();
  std::map<std::string, std::string> found;
  ArchiveEntry entry;
  while (true) {
    const Result<bool> more = reader->next(entry);
    if (!more) return more.error();
    if (!*more) return found;
    const Result<std::string> text = reader->content();
    if (!text) return text.error();
    found[entry.path] = entry.type == ArchiveEntry::Type::file ? *text : "→" + entry.link_target;
  }
}

TEST(ArchiveReader, ReadsEachKind) {
  const test::Scratch scratch;
  const std::vector<test::Member> members{{"./usr/bin/x", "program", '0', 0755},
                                          {"./usr/bin/y", "x", '2'}};
  test::write_deb(scratch / "a.deb", members);
  test::write_tar(scratch / "a.tar", members);
  test::write_zip(scratch / "a.zip", {{"usr/bin/x", "program"}});
  for (const auto& [name, kind] :
       {std::pair("a.deb", ArchiveKind::debian), std::pair("a.tar", ArchiveKind::tar),
        std::pair("a.zip", ArchiveKind::zip)}) {
    const auto found = contents(scratch / name, kind);
    ASSERT_TRUE(found.ok()) << name << found.error().describe();
    EXPECT_EQ(found->at("usr/bin/x"), "program") << name;
  }
  EXPECT_EQ(contents(scratch / "a.deb", ArchiveKind::debian)->at("usr/bin/y"), "→x");
}

TEST(ArchiveReader, RefusesPathsThatLeaveIt) {
  const test::Scratch scratch;
  for (const char* path : {"../x", "a/../../x", "/etc/passwd"}) {
    test::write_tar(scratch / "bad.tar", {{path, "x"}});
    const auto found = contents(scratch / "bad.tar", ArchiveKind::tar);
    ASSERT_FALSE(found.ok()) << path;
    EXPECT_EQ(found.error().code(), ErrorCode::invalid_input);
  }
}

TEST(ArchiveReader, DamagedArchivesAreErrors) {
  const test::Scratch scratch;
  test::write_deb(scratch / "a.deb", {{"./x", std::string(100000, 'x')}});
  const std::string whole = test::content(scratch / "a.deb");
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{7}, std::size_t{100}, whole.size() / 2}) {
    ASSERT_TRUE(write_file(scratch / "cut.deb", whole.substr(0, length)).ok());
    EXPECT_FALSE(contents(scratch / "cut.deb", ArchiveKind::debian).ok()) << length;
  }
  ASSERT_TRUE(write_file(scratch / "no.zip", "not a zip").ok());
  EXPECT_FALSE(contents(scratch / "no.zip", ArchiveKind::zip).ok());
}

} // namespace
} // namespace allod::artifacts
