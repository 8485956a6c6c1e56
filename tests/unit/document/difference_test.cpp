#include <gtest/gtest.h>

#include "document/difference.h"
#include "document/json_reader.h"
#include "document/mark_within.h"
#include "document/yaml_reader.h"

namespace allod::document {
namespace {

std::vector<std::string> changes(std::string_view before, std::string_view after) {
  const Value old = *read_yaml_document("before", before);
  const Value now = *read_yaml_document("after", after);
  std::vector<std::string> lines;
  for (const Change& change : difference(old, now))
    lines.push_back(format_change(change));
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Difference, TellsLeaves) {
  EXPECT_EQ(changes("{a: 1, b: {c: x}}", "{b: {c: x}, a: 1}"), Lines{});
  EXPECT_EQ(changes("{a: {b: 1, c: 2, d: {e: 1, f: []}}}", "{a: {b: 1, c: 3, g: {h: [1]}}}"),
            (Lines{"a.c: 2 → 3", "a.d.e: was 1", "a.d.f: was []", "a.g.h: new, [1]"}));
  EXPECT_EQ(changes("{a: {}}", "{a: {b: 1}}"), Lines{"a: {} → {\"b\":1}"});
  EXPECT_EQ(changes("1", "1.0"), Lines{"1 → 1.0"});
  EXPECT_EQ(changes("{a: {b: 1}}", "{a: x}"), Lines{"a: {\"b\":1} → \"x\""});
}

TEST(Difference, ListsKeepTheirEqualEnds) {
  EXPECT_EQ(changes("[a, b, c]", "[a, x, b, c]"), Lines{"[1]: new, \"x\""});
  EXPECT_EQ(changes("[a, b, c]", "[b, c]"), Lines{"[0]: was \"a\""});
  EXPECT_EQ(changes("[a, {k: 1}, c]", "[a, {k: 2}, c]"), Lines{"[1].k: 1 → 2"});
  EXPECT_EQ(changes("[a, a]", "[a]"), Lines{"[1]: was \"a\""});
}

std::string place_of(const std::string& text, std::string_view part) {
  const Value value = *read_yaml_document("t.yaml", text);
  const Value& content = value.members()[0].value;
  const Mark mark = mark_within(content, content.as_string().find(part), part.size());
  return std::to_string(mark.line) + ":" + std::to_string(mark.column) + "+" +
         std::to_string(mark.length);
}

TEST(MarkWithin, FollowsHowATextWasWritten) {
  EXPECT_EQ(place_of("k: aü ${x.y} b", "x.y"), "1:9+3");
  EXPECT_EQ(place_of("k: \"a\\t\\u00fc\\\"${x.y}\"", "x.y"), "1:18+3");
  EXPECT_EQ(place_of("k: 'it''s ${x}'", "x"), "1:13+1");
  EXPECT_EQ(place_of("k: |\n    one\n\n    t ${wo}\n", "wo"), "4:9+2");
  EXPECT_EQ(place_of("k: |2\n   one ${x}\n", "x"), "2:10+1");
  EXPECT_EQ(place_of("k: >\n  one\n  ${x}\n", "x"), "1:4+1"); // folded: the text's own place
  EXPECT_EQ(place_of("k: one\n  ${x}\n", "x"), "1:4+3");
  EXPECT_EQ(mark_within(*read_json("t.json", "\"\\ud83d\\ude00x\""), 4, 1).column, 14U);
  EXPECT_EQ(mark_within(Value("abc"), 1, 1).line, 0U);
}

} // namespace
} // namespace allod::document
