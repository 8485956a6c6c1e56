#include <gtest/gtest.h>

#include "base/files.h"
#include "document/document_file.h"
#include "document/json_reader.h"

namespace allod::document {
namespace {

Value read(std::string_view text) {
  Result<Value> value = read_json("t.json", text);
  EXPECT_TRUE(value.ok()) << (value ? "" : value.error().describe());
  return value ? *value : Value();
}

std::string failure(std::string_view text, const ReadLimits& limits = {}) {
  const Result<Value> value = read_json("t.json", text, limits);
  return value ? "read" : value.error().describe();
}

TEST(JsonReader, Values) {
  EXPECT_EQ(read(" null ").kind(), Kind::null);
  EXPECT_EQ(read("-0"), Value(0));
  EXPECT_EQ(read("1.0"), Value(1.0));
  EXPECT_EQ(read("1E2"), Value(100.0));
  EXPECT_EQ(read("9223372036854775807"), Value(std::int64_t{9223372036854775807}));
  EXPECT_EQ(read("18446744073709551616"), Value(18446744073709551616.0));
  EXPECT_EQ(read("[1, [], {}]").size(), 3U);
  EXPECT_EQ(read("{\"a\":{\"b\":[true]}}").at_path({"a", "b"})->items()[0], Value(true));
}

TEST(JsonReader, Strings) {
  EXPECT_EQ(read("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), Value("\"\\/\b\f\n\r\t"));
  EXPECT_EQ(read("\"\\u00fc\\u20AC\\ud83d\\uDE00\""), Value("ü€😀"));
  EXPECT_EQ(read("\"\\u0000\"").size(), 1U);
}

TEST(JsonReader, Marks) {
  const Value value = read("{\"ü\": 12,\n \"b\": [\"x\"]}");
  EXPECT_EQ(value.members()[0].key_mark.length, 3U);
  EXPECT_EQ(value.members()[0].value.mark().column, 7U);
  EXPECT_EQ(value.members()[0].value.mark().length, 2U);
  EXPECT_EQ(value.members()[1].value.items()[0].mark().line, 2U);
  EXPECT_EQ(value.members()[1].value.items()[0].mark().column, 8U);
}

TEST(JsonReader, Refusals) {
  EXPECT_EQ(failure(""), "t.json:1:1: the text ends where a value is expected");
  EXPECT_EQ(failure("[1,]"), "t.json:1:3: JSON has no comma after the last element");
  EXPECT_EQ(failure("[1 2]"), "t.json:1:4: a \",\" or \"]\" is expected here");
  EXPECT_EQ(failure("[1"), "t.json:1:1: this list never ends");
  EXPECT_EQ(failure("{\"a\" 1}"), "t.json:1:6: a \":\" is expected here");
  EXPECT_EQ(failure("{a: 1}"), "t.json:1:2: a key in double quotes is expected here");
  EXPECT_EQ(failure("{'a': 1}"), "t.json:1:2: JSON has no single quotes (use \")");
  EXPECT_EQ(failure("[1, // x\n2]"), "t.json:1:5: JSON has no comments");
  EXPECT_EQ(failure("[True]"),
            "t.json:1:2: \"True\" is no JSON value (put a text in double quotes)");
  EXPECT_EQ(failure("1 2"), "t.json:1:3: something follows the end of the value");
  EXPECT_EQ(failure("\"a\nb\""),
            "t.json:1:1: this text does not end on its line (write a line break as \\n)");
  EXPECT_EQ(failure("\"a\tb\""),
            "t.json:1:3: a control character cannot stand in a JSON text (write a tab as \\t)");
  EXPECT_EQ(failure("\"\\ud800x\""), "t.json:1:2: half of a surrogate pair names no character");
  EXPECT_EQ(failure("\"\\udc00\\ud800\""),
            "t.json:1:2: half of a surrogate pair names no character");
  EXPECT_EQ(failure("\"\\u12\""), "t.json:1:2: \\u needs four hex digits");
  EXPECT_EQ(failure("\"\\u-123\""), "t.json:1:2: \\u needs four hex digits");
  EXPECT_EQ(failure("\"\\x\""),
            "t.json:1:2: an unknown escape in a text (write \\\\ for a backslash)");
  EXPECT_EQ(failure("{\"a\": 1, \"\\u0061\": 2}"),
            "t.json:1:10: the key \"a\" occurs twice (it stands first at line 1, column 2)");
  for (const char* text : {"01", "-", "1.", "1e", "+1", ".5", "1.e3", "-01", "0x1", "1_0"}) {
    EXPECT_NE(failure(text), "read") << text;
  }
  EXPECT_EQ(failure("1e999"), "t.json:1:1: this number is too large");
  EXPECT_EQ(failure("\"ü\xC3\""), "t.json:1:3: this is not UTF-8: byte 0xc3 does not belong here "
                                  "(save the file as UTF-8)");
}

TEST(JsonReader, Limits) {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  EXPECT_EQ(failure(deep), "t.json:1:65: lists and maps are nested more than 64 deep");
  EXPECT_EQ(failure(std::string(1'000'000, '[')),
            "t.json:1:65: lists and maps are nested more than 64 deep");
  EXPECT_EQ(failure("[1,2,3]", {.nodes = 3}), "t.json:1:6: this text holds more than 3 values");
}

TEST(DocumentFile, ReadsByExtension) {
  const std::string path = ::testing::TempDir() + "document-file.json";
  ASSERT_TRUE(write_file(path, "{\"a\": 1}").ok());
  EXPECT_EQ(read_document_file(path)->integer_or("a", 0), 1);
  EXPECT_EQ(read_documents_file(path)->size(), 1U);
  EXPECT_EQ(read_document_file(path + ".txt").error().code(), ErrorCode::invalid_input);
  EXPECT_EQ(read_document_file(path + ".yaml").error().code(), ErrorCode::not_found);
}

} // namespace
} // namespace allod::document
