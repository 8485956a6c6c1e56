#include <cmath>

#include <gtest/gtest.h>

#include "document/yaml_reader.h"

namespace allod::document {
namespace {

Value read(std::string_view text) {
  Result<Value> value = read_yaml_document("t.yaml", text);
  EXPECT_TRUE(value.ok()) << (value ? "" : value.error().describe());
  return value ? *value : Value();
}

std::string failure(std::string_view text, const ReadLimits& limits = {}) {
  const Result<Value> value = read_yaml_document("t.yaml", text, limits);
  return value ? "read" : value.error().describe();
}

TEST(YamlReader, ScalarKinds) {
  const auto kind = [](std::string_view text) { return read(text).kind(); };
  for (const char* text : {"null", "Null", "NULL", "~", "---", "a: "}) {
    const Value value = read(text);
    EXPECT_TRUE(value.is_null() || value.find("a")->is_null()) << text;
  }
  EXPECT_EQ(read("TRUE"), Value(true));
  EXPECT_EQ(read("false"), Value(false));
  EXPECT_EQ(read("0x1F"), Value(31));
  EXPECT_EQ(read("0o17"), Value(15));
  EXPECT_EQ(read("017"), Value(17));
  EXPECT_EQ(read("-9223372036854775808"), Value(std::int64_t{-9223372036854775807} - 1));
  EXPECT_EQ(read("+4"), Value(4));
  EXPECT_EQ(read("-2e3"), Value(-2000.0));
  EXPECT_EQ(read(".5"), Value(0.5));
  EXPECT_EQ(read("7."), Value(7.0));
  EXPECT_EQ(read("1e-999"), Value(0.0));
  EXPECT_TRUE(std::isinf(read("-.INF").as_number()));
  EXPECT_TRUE(std::isnan(read(".nan").as_number()));
  for (const char* text : {"no", "on", "y", "1_000", "0b1", "12:30", "2001-01-01", "0x", "0xg",
                           "1e", ".", "+", "-", "e3", "0o8", "tRue", "+.nan", "0x-1"}) {
    EXPECT_EQ(kind(text == std::string_view("-") ? "'-'" : text), Kind::string) << text;
  }
  EXPECT_EQ(read("'12'"), Value("12"));
  EXPECT_EQ(read("\"true\""), Value("true"));
  EXPECT_EQ(read("|\n 12\n"), Value("12\n"));
}

TEST(YamlReader, Tags) {
  EXPECT_EQ(read("!!str 12"), Value("12"));
  EXPECT_EQ(read("! 12"), Value("12"));
  EXPECT_EQ(read("!!int \"12\""), Value(12));
  EXPECT_EQ(read("!!float 12"), Value(12.0));
  EXPECT_EQ(read("!!map {a: 1}").size(), 1U);
  EXPECT_EQ(failure("!!int abc"), "t.yaml:1:1: \"abc\" is no value for !!int");
  EXPECT_EQ(
      failure("a: !secret b"),
      "t.yaml:1:4: the tag \"!secret\" is not known (put the text in quotes if it starts with !)");
}

TEST(YamlReader, MarksCountCodePoints) {
  const Value value = read("\xEF\xBB\xBFgrüße: \"schön\"\r\nb:\n  - {日本: x}\n");
  const Member& first = value.members()[0];
  EXPECT_EQ(first.key_mark.column, 1U);
  EXPECT_EQ(first.key_mark.length, 5U);
  EXPECT_EQ(first.value.mark().column, 8U);
  EXPECT_EQ(first.value.mark().length, 7U);
  const Value& list = value.members()[1].value;
  EXPECT_EQ(list.mark().line, 3U);
  EXPECT_EQ(list.mark().column, 3U);
  const Value& item = list.items()[0];
  EXPECT_EQ(item.mark().column, 5U);
  EXPECT_EQ(item.members()[0].value.mark().column, 10U);
  EXPECT_EQ(item.mark().place().file, "t.yaml");
}

TEST(YamlReader, MarksOfBlocks) {
  const Value value = read("a:\n  key: |\n    one\n    two\nb:\n");
  EXPECT_EQ(value.mark().line, 1U);
  EXPECT_EQ(value.find("a")->mark().line, 2U);
  EXPECT_EQ(value.find("a")->mark().length, 3U);
  EXPECT_EQ(value.find("a")->find("key")->mark().length, 1U);
  EXPECT_EQ(value.find("b")->mark().line, 5U);
}

TEST(YamlReader, Documents) {
  const auto documents = read_yaml("t.yaml", "# nothing\n");
  ASSERT_TRUE(documents.ok());
  EXPECT_TRUE(documents->empty());
  EXPECT_EQ(read_yaml("t.yaml", "a: 1\n---\nb: 2\n...\n---\n")->size(), 3U);
  EXPECT_EQ(failure(""), "t.yaml: this text is empty");
  EXPECT_EQ(failure("a: 1\n---\nb: 2\n"),
            "t.yaml:3:1: a second document starts here; only one is expected");
}

TEST(YamlReader, Aliases) {
  const Value value = read("base: &b {x: [1, 2]}\ncopy: *b\n");
  EXPECT_EQ(*value.find("copy"), *value.find("base"));
  EXPECT_EQ(value.find("copy")->mark().line, 2U);
  EXPECT_EQ(value.find("copy")->find("x")->mark().line, 1U);
  EXPECT_EQ(failure("a: &x [*x]"), "t.yaml:1:8: \"*x\" stands within what it repeats");
  EXPECT_EQ(failure("a: &base 1\nb: *bsae\n"),
            "t.yaml:2:4: no anchor \"&bsae\" stands before this alias (did you mean \"base\"? "
            "anchors: base)");
  EXPECT_EQ(failure("a: &x 1\n---\n*x\n"),
            "t.yaml:3:1: no anchor \"&x\" stands before this alias (put the text in quotes if it "
            "starts with *)");
}

TEST(YamlReader, AliasBombIsRefused) {
  std::string text = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string below = "*l" + std::to_string(i - 1);
    const std::string name = "l" + std::to_string(i);
    text += name + ": &" + name + " [";
    for (int j = 0; j < 9; ++j)
      text += below + ", ";
    text += below + "]\n";
  }
  EXPECT_NE(failure(text).find("aliases repeat more than can be right: over 1000000 values"),
            std::string::npos)
      << failure(text);
  std::string large = "a: &a \"" + std::string(1 << 20, 'x') + "\"\nb:\n";
  for (int i = 0; i < 100; ++i)
    large += "- *a\n";
  EXPECT_NE(failure(large).find("bytes of text"), std::string::npos);
}

TEST(YamlReader, Limits) {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  EXPECT_EQ(failure(deep), "t.yaml:1:65: lists and maps are nested more than 64 deep");
  EXPECT_EQ(failure(deep.substr(1, 128)), "read");
  EXPECT_EQ(failure("a: &a [[[x]]]\nb: [[*a]]", {.depth = 5}),
            "t.yaml:2:6: lists and maps are nested more than 5 deep");
  EXPECT_EQ(failure("abcdefghijk", {.bytes = 10}),
            "t.yaml: this text has 11 B, more than the 10 B that are read");
  EXPECT_EQ(failure("[1, 2, 3]", {.nodes = 3}), "t.yaml:1:8: this text holds more than 3 values");
}

TEST(YamlReader, Keys) {
  EXPECT_EQ(failure("a: 1\nb: 2\n\"a\": 3\n"),
            "t.yaml:3:1: the key \"a\" occurs twice (it stands first at line 1, column 1)");
  EXPECT_EQ(failure("80: x"),
            "t.yaml:1:1: a key must be a text, this is an integer (put it in quotes)");
  EXPECT_EQ(
      failure("x:\n  <<: {a: 1}\n"),
      "t.yaml:2:3: merge keys (\"<<\") are not supported (write the members out, or use an alias "
      "for a whole value)");
  EXPECT_EQ(read("\"<<\": 1").size(), 1U);
  EXPECT_EQ(failure("a: {{ x }}: 1"),
            "t.yaml:1:5: a key must be a text, this is a map (put the text in quotes if it starts "
            "with { or [)");
  EXPECT_EQ(read("&k a: *k"), read("a: a"));
}

TEST(YamlReader, ManyKeysInAMap) {
  std::string text;
  for (int i = 0; i < 20000; ++i)
    text += "key" + std::to_string(i) + ": " + std::to_string(i) + "\n";
  const Value value = read(text);
  EXPECT_EQ(value.integer_or("key19999", 0), 19999);
  EXPECT_EQ(value.find("none"), nullptr);
  EXPECT_EQ(failure(text + "key7: x\n").substr(0, 14), "t.yaml:20001:1");
}

TEST(YamlReader, BadBytes) {
  EXPECT_EQ(
      failure("a: ü\nb: ü\xFF\n"),
      "t.yaml:2:5: this is not UTF-8: byte 0xff does not belong here (save the file as UTF-8)");
  EXPECT_EQ(
      failure(std::string_view("\xFF\xFE"
                               "a\0",
                               4)),
      "t.yaml:1:1: this is not UTF-8: byte 0xff does not belong here (the file is UTF-16: save it "
      "as UTF-8)");
  EXPECT_EQ(failure("a: ü\n\"ü\x07\": 1\n").substr(0, 58),
            "t.yaml:2:3: a control character cannot stand in YAML (writ");
}

TEST(YamlReader, ComplaintsOfTheScanner) {
  EXPECT_EQ(failure("a:\n\tb: 1\n"), "t.yaml:2:1: a tab cannot indent a line (use spaces)");
  EXPECT_EQ(failure("a: @b"),
            "t.yaml:1:4: a plain text cannot start with \"@\" (put it in quotes)");
  EXPECT_EQ(failure("a: b: c").substr(0, 39), "t.yaml:1:5: a \":\" cannot stand here (pu");
  EXPECT_EQ(failure("a: \"b\nc: d\n"), "t.yaml:1:4: this quoted text never ends");
  EXPECT_EQ(
      failure("a: [1, 2\nb: 3\n"),
      "t.yaml:2:2: a \",\" or \"]\" is missing before this (the list starts at line 1, column 4)");
  EXPECT_EQ(failure("a:\n  b: 1\n c: 2\n"),
            "t.yaml:3:2: this line is not indented like the map that it belongs to (the map starts "
            "at line 1, column 1)");
  EXPECT_EQ(
      failure("a: \"\\d\""),
      "t.yaml:1:5: an unknown escape in a quoted text (write \\\\ for a backslash, or use single "
      "quotes)");
  EXPECT_EQ(failure("a: 1\nb\nc: 2\n"), "t.yaml:2:1: a \":\" is missing after this key (check the "
                                        "indentation of the lines below it)");
  EXPECT_EQ(failure("a: 99999999999999999999"),
            "t.yaml:1:4: the number 99999999999999999999 is too "
            "large (put it in quotes if it is a text)");
}

} // namespace
} // namespace allod::document
