#include <cstdio>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/files.h"
#include "document/yaml_reader.h"
#include "observability/log_reader.h"

namespace allod::observability {
namespace {

class LogReaderTest : public testing::Test {
 protected:
  LogReaderTest() {
    char name[] = "/tmp/allod-log-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/a.b.log";
  }
  ~LogReaderTest() override { std::filesystem::remove_all(folder_); }

  static std::string line(int second, const std::string& text, char tag = 'F') {
    char time[64];
    std::snprintf(time, sizeof time, "1970-01-01T00:00:%02d.000000000+00:00 stdout %c ", second,
                  tag);
    return time + text + "\n";
  }
  void append(const std::string& path, const std::string& text) {
    FILE* file = std::fopen(path.c_str(), "a");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }
  static std::vector<std::string> messages(LogReader& reader) {
    std::vector<std::string> result;
    while (const auto record = reader.next())
      result.push_back(record->message);
    if (const auto last = reader.flush()) result.push_back(last->message);
    return result;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(LogReaderTest, JoinsPartsOfLinesAndWhatBelongsTogether) {
  append(path_, line(1, "one ", 'P') + line(2, "line") + line(3, "next") + line(4, "\tits detail"));
  const auto rules = document::read_yaml_document("r", "continues: '^\\t'");
  LogReader reader("a.b", path_, *LogParser::compile(*rules));
  EXPECT_EQ(messages(reader), (std::vector<std::string>{"one line", "next\n\tits detail"}));
}

TEST_F(LogReaderTest, ReadsOldPartsFirst) {
  append(path_ + ".2", line(1, "oldest"));
  append(path_ + ".1", line(2, "old"));
  append(path_, line(3, "new"));
  LogReader reader("a.b", path_, {});
  EXPECT_EQ(messages(reader), (std::vector<std::string>{"oldest", "old", "new"}));
}

TEST_F(LogReaderTest, GoesOnInTheNewFileAfterARotation) {
  append(path_, line(1, "before"));
  LogReader reader("a.b", path_, {});
  EXPECT_EQ(messages(reader), (std::vector<std::string>{"before"}));
  append(path_, line(2, "at the end"));
  std::rename(path_.c_str(), (path_ + ".1").c_str());
  append(path_, line(3, "after"));
  EXPECT_EQ(messages(reader), (std::vector<std::string>{"at the end", "after"}));
}

TEST_F(LogReaderTest, WaitsForTheRestOfALine) {
  append(path_, "1970-01-01T00:00:01.000000000+00:00 stdout F ha");
  LogReader reader("a.b", path_, {});
  EXPECT_TRUE(messages(reader).empty());
  append(path_, "lf\n");
  EXPECT_EQ(messages(reader), (std::vector<std::string>{"half"}));
}

TEST_F(LogReaderTest, KnowsWhoWroteAndWhen) {
  append(path_, line(5, "x"));
  LogReader reader("a.b", path_, {});
  EXPECT_FALSE(reader.next().has_value());
  const auto record = reader.flush();
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->component, "a");
  EXPECT_EQ(record->unit, "b");
  EXPECT_EQ(record->time, 5'000'000'000);
}

TEST_F(LogReaderTest, CutsARecordWithoutEnd) {
  append(path_, "1970-01-01T00:00:01.000000000+00:00 stdout F ");
  append(path_, std::string(3U << 20, 'x'));
  append(path_, "\n" + line(2, "after"));
  LogReader reader("a.b", path_, {});
  const std::vector<std::string> all = messages(reader);
  ASSERT_GE(all.size(), 2U);
  EXPECT_LT(all.front().size(), 2U << 20);
  EXPECT_EQ(all.back(), "after");
}

} // namespace
} // namespace allod::observability
