// The YAML reader: what texts mean, where values stand, and what is said of broken texts.
#include <gtest/gtest.h>

#include "dump.h"
#include "manifest/yaml.h"

namespace allod::manifest {
namespace {

/// The documents of a text, one a line; or "LINE:COLUMN message (hint)".
std::string read(std::string_view text, Schema schema = Schema::kubernetes,
                 const Limits& limits = {}) {
  Document document;
  document.reset("test.yaml");
  document.set_text(text);
  if (Status status = read_yaml(document, limits, schema); !status) {
    const Place place = status.error().place().value_or(Place{});
    std::string result = std::to_string(place.line) + ":" + std::to_string(place.column) + " " +
                         status.error().message();
    if (!status.error().hint().empty()) result += " (" + status.error().hint() + ")";
    return result;
  }
  std::string result;
  for (const Node& root : document.roots())
    result += (result.empty() ? "" : "\n") + dump(root);
  return result;
}

struct Case {
  std::string_view text;
  std::string_view expected;
};

TEST(YamlTest, Structure) {
  constexpr Case kCases[] = {
      {"", ""},
      {"# nothing\n\n", ""},
      {"a: 1\nb: two\n", R"({"a":1,"b":"two"})"},
      {"a:\n  b:\n    c: d\n  e: f\ng: h", R"({"a":{"b":{"c":"d"},"e":"f"},"g":"h"})"},
      {"- a\n- - b\n  - c\n-\n  d: e\n  f: g\n", R"(["a",["b","c"],{"d":"e","f":"g"}])"},
      {"a:\n- b\n- c: d\n  e: f\ng:\n  - h\n", R"({"a":["b",{"c":"d","e":"f"}],"g":["h"]})"},
      {"a:\nb: # none\nc: ~\n", R"({"a":null,"b":null,"c":null})"},
      {"a\n---\nb\n...\n# between\n---\n---\n{c: d}\n", "\"a\"\n\"b\"\nnull\n{\"c\":\"d\"}"},
      {"\xEF\xBB\xBF"
       "a: b\r\nc: d\r\n",
       R"({"a":"b","c":"d"})"},
      {"%YAML 1.2\n%TAG !k! tag:yaml.org,2002:\n---\na: !k!str 1\n", R"({"a":"1"})"},
      {"? a\n: b\n? c\n", R"({"a":"b","c":null})"},
      {"{a: [1, {b: c}, ], \"d\":e, f, g: , h: 'i'}",
       R"({"a":[1,{"b":"c"}],"d":"e","f":null,"g":null,"h":"i"})"},
      {"[a: b, \"c\":d, {e: f}]", R"([{"a":"b"},{"c":"d"},{"e":"f"}])"},
      {"a: {\n  b: c, # why\n  d: [\n  e\n]\n}\n", R"({"a":{"b":"c","d":["e"]}})"},
      {"a: http://x:80/#y\nb: c#d\ne: f # g\n", R"({"a":"http://x:80/#y","b":"c#d","e":"f"})"},
      {"-a: -b\n?c: ?d\n:e: :f\n", R"({"-a":"-b","?c":"?d",":e":":f"})"},
  };
  for (const Case& test : kCases)
    EXPECT_EQ(read(test.text), test.expected) << test.text;
}

TEST(YamlTest, Texts) {
  constexpr Case kCases[] = {
      {"a: b\n  c\n\n  d\n", R"({"a":"b c\nd"})"},
      {"a: 'it''s'\nb: 'c\n  d\n\n  e'\n", R"({"a":"it's","b":"c d\ne"})"},
      {R"(a: "b\tc\x41\u00e4\ud83d\ude00\/\"")", "{\"a\":\"b\\u0009cAä😀/\\\"\"}"},
      {"a: \"b  \n   c\\\n   d \\  \n  e\"\n", R"({"a":"b cd   e"})"},
      {"a: |\n  b\n   c\n\n  d\ne: f\n", R"({"a":"b\n c\n\nd\n","e":"f"})"},
      {"a: |-\n  b\n\nc: |+\n  d\n\ne: >\n  f\n  g\n\n  h\n   i\n  j\n",
       R"({"a":"b","c":"d\n\n","e":"f g\nh\n i\nj\n"})"},
      {"a: |2\n   b\n  c\n", R"({"a":" b\nc\n"})"},
      {"- |\n a\n- >-\n b\n c\n", R"(["a\n","b c"])"},
      {"a: |\nb: |\n  # no comment\n", R"({"a":"","b":"# no comment\n"})"},
      {"a: |\r\n  b\r\n  c\r\n", R"({"a":"b\nc\n"})"},
      {"--- |\ntext\n...\n", R"("text\n")"},
  };
  for (const Case& test : kCases)
    EXPECT_EQ(read(test.text), test.expected) << test.text;
}

// What `kubectl` makes of these was tried: with its reader, the yaml package of sigs.k8s.io 1.6.0.
TEST(YamlTest, ScalarsAsKubernetesReadsThem) {
  constexpr Case kCases[] = {
      {"[yes, No, on, OFF, y, n, true, False]", "[true,false,true,false,true,false,true,false]"},
      {"['yes', yEs, \"on\", nO]", R"(["yes","yEs","on","nO"])"},
      {"[0600, 0o600, 0x1F, 0b101, 1_000, +5, -0x10, 08, 1.0, 1e3, .5, 1., 2.50]",
       "[384,384,31,5,1000,5,-16,8,1,1000,0.5,1,2.5]"},
      {"[9223372036854775807, 9223372036854775808, -9223372036854775808, 1e400, 0x, 1_, +, .]",
       "[9223372036854775807,9.2233720368547758e+18,-9223372036854775808,\"1e400\",\"0x\",1,\"+\","
       "\".\"]"},
      {"[~, null, Null, NULL, nUll]", R"([null,null,null,null,"nUll"])"},
      {"[2024-01-31, 2001-12-14T21:59:43Z, 12:30:45, 100m, 1.27.3, 5Gi]",
       R"(["2024-01-31","2001-12-14T21:59:43Z","12:30:45","100m","1.27.3","5Gi"])"},
      {"{80: a, yes: b, 1.5: c, 0x10: d, .nan: e}",
       R"({"80":"a","true":"b","1.5":"c","16":"d",".nan":"e"})"},
      {"[!!str 1, !!int \"2\", !!float 3, !!bool yes, !!null '', !own x, !!binary YWJj]",
       R"(["1",2,3,true,null,"x","abc"])"},
      {"a: !own {b: c}", R"({"a":{"b":"c"}})"},
      {"[.inf]",
       "1:2 \".inf\" is no number that JSON, and so Kubernetes, has (put it in quotes if it "
       "is a text)"},
      {"~: a", "1:1 a key must be a text, this is nothing (put it in quotes)"},
  };
  for (const Case& test : kCases)
    EXPECT_EQ(read(test.text), test.expected) << test.text;
}

TEST(YamlTest, ScalarsOfTheCoreSchema) {
  constexpr Case kCases[] = {
      {"[yes, no, on, off, true, False, NULL]", R"(["yes","no","on","off",true,false,null])"},
      {"[0600, 0o600, 0x1F, 0b101, 1_000, +5, 1.0, 1e3]",
       R"([600,384,31,"0b101","1_000",5,1.0,1000.0])"},
      {"[.inf, -.INF, .nan]", "[inf,-inf,nan]"},
      {"1: a", "1:1 a key must be a text, this is an integer (put it in quotes)"},
      {"[99999999999999999999]", "1:2 \"99999999999999999999\" is too large"},
      {"<<: {a: b}", "1:1 merge keys (\"<<\") are not supported (write the members out, or use an "
                     "alias for a whole value)"},
  };
  for (const Case& test : kCases)
    EXPECT_EQ(read(test.text, Schema::core), test.expected) << test.text;
}

TEST(YamlTest, AnchorsAndMerges) {
  constexpr Case kCases[] = {
      {"a: &x {b: 1}\nc: *x\nd: &y e\nf: *y\n", R"({"a":{"b":1},"c":{"b":1},"d":"e","f":"e"})"},
      {"a: &x\n  b: 1\nc:\n  <<: *x\n  d: 2\n", R"({"a":{"b":1},"c":{"b":1,"d":2}})"},
      {"- &a {x: 1, u: 1}\n- &b {x: 2, z: 2}\n- {<<: [*a, *b], q: 0}\n",
       R"([{"x":1,"u":1},{"x":2,"z":2},{"x":1,"z":2,"u":1,"q":0}])"},
      // As kubectl has it: a merge takes the place of what stands before it.
      {"- &a {x: 1}\n- {x: 0, <<: *a}\n- {<<: *a, x: 0}\n", R"([{"x":1},{"x":1},{"x":0}])"},
      {"&k a: b\nc: *k\n", R"({"a":"b","c":"a"})"},
      {"&m\na: b\n", R"({"a":"b"})"},
      {"a: &x !!str\nb: *x\n", R"({"a":"","b":""})"},
      {"{a: !!str, !!str : b}", R"({"a":"","":"b"})"}, // found by fuzzing: a text without a place
      {"a: &x\n !!str 5\n", R"({"a":"5"})"},
      {"&m\n&k a: b\n", R"({"a":"b"})"},
      {"a: *x",
       "1:4 no anchor \"&x\" stands before this alias (put the text in quotes if it starts "
       "with *)"},
      {"a: &x [*x]", "1:8 \"*x\" stands within what it repeats"},
      {"a: &x &y b", "1:7 a value cannot have two anchors"},
      {"a: 1\n<<: [2]", "2:6 only maps can be merged, this is an integer"},
  };
  for (const Case& test : kCases)
    EXPECT_EQ(read(test.text), test.expected) << test.text;
}

TEST(YamlTest, Complaints) {
  constexpr Case kCases[] = {
      {"a: b: c",
       "1:5 a \":\" cannot stand here (put the text in quotes if the colon belongs to it, "
       "or check the indentation)"},
      {"a: b\n  c: d",
       "2:4 a \":\" cannot stand here (put the text in quotes if the colon belongs to "
       "it, or check the indentation)"},
      {"a:\n\tb: c", "2:1 a tab cannot indent a line (use spaces)"},
      {"a: - b", "1:4 a list cannot start here (start the list on a line of its own)"},
      {"a:\n  b: c\n d: e", "3:2 this line is not indented like the map that it belongs to"},
      {"- a\n b: c",
       "2:3 a \":\" cannot stand here (put the text in quotes if the colon belongs to "
       "it, or check the indentation)"},
      {"a: b\na: c",
       "2:1 the key \"a\" stands here twice (it stands first in line 1; remove one of "
       "them)"},
      {"a: \"b", "1:4 this quoted text never ends"},
      {"a: [b, c", "1:4 this list never ends (a \"]\" is missing)"},
      {"a: {b: c", "1:4 this map never ends (a \"}\" is missing)"},
      {"a: {b: c]", "1:9 a \",\" or \"}\" is missing before this"},
      {"a: @b", "1:4 \"@\" cannot start a value (put the text in quotes)"},
      {"a: {{ b }}", "1:5 a key must be a text, this is a map (put the text in quotes if it starts "
                     "with { or [)"},
      {"a: \"\\q\"", "1:5 an unknown escape in a quoted text (write \\\\ for a backslash, or use "
                     "single quotes)"},
      {"a: 'b' c", "1:8 nothing but a comment can follow here"},
      {"a\nb: c\nd",
       "2:2 a \":\" cannot stand here (put the text in quotes if the colon belongs to "
       "it, or check the indentation)"},
      {"a: b\nc\n", "2:1 a \":\" is missing after this key (check the indentation of the lines "
                    "around it)"},
      {"ä: [ö, \xC3",
       "1:8 this is not UTF-8: byte 0xc3 does not belong here (save the file as UTF-8)"},
      {std::string_view("a: b\0c", 6),
       "1:5 a control character cannot stand in YAML (write it as an "
       "escape in double quotes, for instance \"\\x07\")"},
      {std::string_view("a\0:\0", 4), "1:1 this is UTF-16, not UTF-8 (save the file as UTF-8)"},
  };
  for (const Case& test : kCases)
    EXPECT_EQ(read(test.text), test.expected) << test.text;
}

// Where kubectl, which reads YAML 1.1, would see something else, nothing is read at all.
TEST(YamlTest, WhatReadersDisagreeAboutIsRefused) {
  constexpr Case kCases[] = {
      {"a: {?b: c}",
       "1:5 this \"?\" is part of the text for some readers only (put the text in quotes, "
       "or a space behind the sign)"},
      {"a: {b:, c: d}", "1:6 this \":\" is part of the text for some readers only (put the text in "
                        "quotes, or a space behind the sign)"},
      {"a: &b:c d",
       "1:4 this anchor's name ends sooner for some readers (use letters, digits, \"-\" "
       "and \"_\" alone)"},
      {"a: b\xC2\x85"
       "c: d",
       "1:5 this line separator breaks a line for some readers only (write it "
       "as an escape in double quotes: \"\\N\", \"\\L\" or \"\\P\")"},
      {"[&x {a: 1}, <<: *x]", R"([{"a":1},{"a":1}])"},
      {"- &x {a: 1}\n- ? <<\n  : *x\n- \"<<\": 1\n", R"([{"a":1},{"a":1},{"<<":1}])"},
  };
  for (const Case& test : kCases)
    EXPECT_EQ(read(test.text), test.expected) << test.text;
  EXPECT_EQ(read("a: {b:, ?c: d}\ne: &f:g h", Schema::core),
            R"({"a":{"b":null,"?c":"d"},"e":"h"})");
}

TEST(YamlTest, HostileTexts) {
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j)
      laughs += ", " + before;
    laughs += "]\n";
  }
  EXPECT_EQ(read(laughs), "6:45 aliases repeat more than can be right: over 1000000 values");
  // Merges cost what they copy.
  std::string merges = "- &m {";
  for (int i = 0; i < 2000; ++i)
    merges += "k" + std::to_string(i) + ": 1, ";
  merges += "}\n";
  for (int i = 0; i < 1000; ++i)
    merges += "- {<<: *m}\n";
  EXPECT_NE(read(merges).find("aliases repeat more than can be right"), std::string::npos);
  const std::string deep = "1:257 lists and maps are nested more than 256 deep";
  EXPECT_EQ(read(std::string(10'000, '[')), deep);
  std::string nested;
  for (int i = 0; i < 10'000; ++i)
    nested += "- ";
  EXPECT_EQ(read(nested), "1:513 lists and maps are nested more than 256 deep");
  // What an alias repeats counts as deep as it is.
  std::string high = "a: &a " + std::string(200, '[') + std::string(200, ']') +
                     "\nb: " + std::string(100, '[') + "*a" + std::string(100, ']');
  EXPECT_EQ(read(high), "2:104 lists and maps are nested more than 256 deep");
  Limits few;
  few.nodes = 100;
  EXPECT_EQ(read("[" + std::string(300, ',') + "]").substr(0, 4), "1:2 ");
  std::string many = "[";
  for (int i = 0; i < 101; ++i)
    many += "1,";
  EXPECT_EQ(read(many + "]", Schema::kubernetes, few),
            "1:200 this text holds more than 100 values");
  few.bytes = 3;
  EXPECT_EQ(read("a: b", Schema::kubernetes, few),
            "0:0 this text has 4 B, more than the 3 B that are read at once (split it into "
            "several files)");
}

TEST(YamlTest, Places) {
  Document document;
  document.reset("test.yaml");
  document.set_text(
      "# ü\nä: {b: \"c d\", e: [1]}\nlong:\n- x: |\n    text\n  z: plain text # no\n");
  ASSERT_TRUE(read_yaml(document));
  const Node& root = document.roots()[0];
  const Node& a = *root.find("ä");
  EXPECT_EQ(document.position(root), (Position{2, 1, 1}));
  EXPECT_EQ(document.position(a), (Position{2, 4, 1}));
  EXPECT_EQ(document.position(*a.find("b")), (Position{2, 8, 5}));
  EXPECT_EQ(document.position(*a.find("e")), (Position{2, 18, 1}));
  EXPECT_EQ(document.position(a.find("e")->as_list().items()[0]), (Position{2, 19, 1}));
  const Node& item = root.find("long")->as_list().items()[0];
  EXPECT_EQ(document.position(item), (Position{4, 3, 1}));
  EXPECT_EQ(document.position(*item.find("x")), (Position{4, 6, 1}));
  EXPECT_EQ(document.position(*item.find("z")), (Position{6, 6, 10}));
  EXPECT_EQ(document.line(2), "ä: {b: \"c d\", e: [1]}");
  EXPECT_EQ(document.line(7), "");
}

TEST(YamlTest, LargeMapsFindTheirKeys) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += "key" + std::to_string(i) + ": " + std::to_string(i) + "\n";
  Document document;
  document.reset("test.yaml");
  document.set_text(text);
  ASSERT_TRUE(read_yaml(document));
  const Node& root = document.roots()[0];
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(root.find("key" + std::to_string(i))->as_integer(), i);
  EXPECT_EQ(root.find("key1000"), nullptr);
  EXPECT_EQ(read(text + "key7: x\n"),
            "1001:1 the key \"key7\" stands here twice (it stands first in line 8; remove one of "
            "them)");
}

} // namespace
} // namespace allod::manifest
