#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "arbitrary.h"
#include "document/json_reader.h"
#include "document/json_writer.h"
#include "document/number_format.h"
#include "document/yaml_reader.h"
#include "document/yaml_writer.h"

namespace allod::document {
namespace {

Value yaml(std::string_view text) {
  Result<Value> value = read_yaml_document("t.yaml", text);
  EXPECT_TRUE(value.ok()) << (value ? "" : value.error().describe());
  return value ? *value : Value();
}

TEST(NumberFormat, FollowsEcmascript) {
  // The samples of RFC 8785 appendix B.
  EXPECT_EQ(format_ecmascript(-0.0), "0");
  EXPECT_EQ(format_ecmascript(5e-324), "5e-324");
  EXPECT_EQ(format_ecmascript(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(format_ecmascript(9007199254740992), "9007199254740992");
  EXPECT_EQ(format_ecmascript(295147905179352830000.0), "295147905179352830000");
  EXPECT_EQ(format_ecmascript(9.999999999999997e22), "9.999999999999997e+22");
  EXPECT_EQ(format_ecmascript(1e23), "1e+23");
  EXPECT_EQ(format_ecmascript(1e21), "1e+21");
  EXPECT_EQ(format_ecmascript(9.999999999999997e-7), "9.999999999999997e-7");
  EXPECT_EQ(format_ecmascript(0.000001), "0.000001");
  EXPECT_EQ(format_ecmascript(333333333.3333332), "333333333.3333332");
  EXPECT_EQ(format_ecmascript(-0.0000033333333333333333), "-0.0000033333333333333333");
  EXPECT_EQ(format_number(1), "1.0");
}

TEST(JsonWriter, Layouts) {
  const Value value = yaml("{b: [1, 2.0, null], a: {}, c: [], d: \"x\\\"\\n\\x01/é\"}");
  EXPECT_EQ(write_json(value),
            "{\"b\":[1,2.0,null],\"a\":{},\"c\":[],\"d\":\"x\\\"\\n\\u0001/é\"}");
  EXPECT_EQ(write_json(yaml("a: [1]\nb: {}"), JsonLayout::pretty),
            "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}\n");
  EXPECT_EQ(write_json(Value("a\xFF"
                             "b")),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(write_json(Value(std::numeric_limits<double>::infinity())), "null");
}

TEST(JsonWriter, Canonical) {
  // RFC 8785 section 3.2.3: sorted by UTF-16 code units.
  const Value value = *read_json("t", "{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4.0,"
                                      "\"\\ud83d\\ude00\":5,\"\\u0080\":6,\"ö\":7}");
  EXPECT_EQ(*write_canonical_json(value),
            "{\"\\r\":2,\"1\":4,\"\xC2\x80\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\xEF\xAC\xB3\":3}");
  const auto refused = write_canonical_json(yaml("a: [1, .nan]"));
  EXPECT_EQ(refused.error().message(), "a[1] is not a finite number");
  EXPECT_FALSE(write_canonical_json(Value("\xFF")).ok());
}

TEST(YamlWriter, QuotesOnlyWhereNeeded) {
  const auto written = [](const char* text) {
    std::string line = write_yaml(Value(text));
    line.pop_back();
    return line;
  };
  for (const char* plain : {"a", "hello world", "a:b", "a#b", "--port=80", "-x", "/usr/bin",
                            "1.2.3", "ü", "a'b", "a\"b", "${x}"}) {
    EXPECT_EQ(written(plain), plain);
  }
  for (const char* quoted :
       {"",     "no",  "Yes", "on",    "y",     "null",       "~",    "true", "1",   "1.5",  "1e3",
        "0x1f", "0o7", "017", "1_000", "12:30", "2001-01-01", ".inf", "-",    "- a", "a: b", "a #b",
        " a",   "a ",  "a:",  "#a",    "[a",    "{a",         "&a",   "*a",   "!a",  "|",    ">",
        "%a",   "@a",  "`a",  "?",     "---",   "<<",         "=",    "1e+3", "+1",  "0b1"}) {
    EXPECT_EQ(written(quoted), "\"" + std::string(quoted) + "\"") << quoted;
  }
  EXPECT_EQ(written("\"a\""), "'\"a\"'");
  EXPECT_EQ(written("- \\'"), "'- \\'''");
  EXPECT_EQ(written("a\tb"), "\"a\\tb\"");
  EXPECT_EQ(written("a\x1b"), "\"a\\x1b\"");
}

TEST(YamlWriter, BlockStyle) {
  Value value = yaml("{a: {b: [1, {c: d, e: [f]}, [], [g, [h]]]}, t: \"x\\n  y\\n\", u: \"\\n z\", "
                     "v: \"a\\n\\n\", 'no': {}}");
  EXPECT_EQ(write_yaml(value), "a:\n"
                               "  b:\n"
                               "    - 1\n"
                               "    - c: d\n"
                               "      e:\n"
                               "        - f\n"
                               "    - []\n"
                               "    -\n"
                               "      - g\n"
                               "      -\n"
                               "        - h\n"
                               "t: |\n"
                               "  x\n"
                               "    y\n"
                               "u: |2-\n"
                               "\n"
                               "   z\n"
                               "v: |+\n"
                               "  a\n"
                               "\n"
                               "\"no\": {}\n");
  EXPECT_EQ(yaml(write_yaml(value)), value);
  EXPECT_EQ(write_yaml(Value(1e21)), "1.0e+21\n");
  EXPECT_EQ(write_yaml_documents({Value(1), Value()}), "---\n1\n---\nnull\n");
}

RC_GTEST_PROP(JsonWriter, ReadsBack, ()) {
  const Value value = *any_value();
  for (const JsonLayout layout : {JsonLayout::compact, JsonLayout::pretty}) {
    const Result<Value> back = read_json("t", write_json(value, layout));
    RC_ASSERT(back.ok());
    RC_ASSERT(*back == value);
  }
}

RC_GTEST_PROP(YamlWriter, ReadsBack, ()) {
  const Value value = *any_value();
  const std::string text = write_yaml(value);
  const Result<Value> back = read_yaml_document("t", text);
  if (!back) RC_LOG() << back.error().describe() << "\n" << text;
  RC_ASSERT(back.ok());
  if (!(*back == value)) RC_LOG() << text;
  RC_ASSERT(*back == value);
}

RC_GTEST_PROP(JsonWriter, CanonicalIsStable, ()) {
  const Value value = *any_value();
  const std::string once = *write_canonical_json(value);
  RC_ASSERT(*write_canonical_json(*read_json("t", once)) == once);
}

} // namespace
} // namespace allod::document
