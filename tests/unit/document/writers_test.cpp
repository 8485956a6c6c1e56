#include <cstdlib>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "arbitrary.h"
#include "base/process.h"
#include "document/json_reader.h"
#include "document/json_writer.h"
#include "document/writers.h"
#include "document/yaml_reader.h"

namespace allod::document {
namespace {

Value yaml(std::string_view text) {
  Result<Value> value = read_yaml_document("t.yaml", text);
  EXPECT_TRUE(value.ok()) << (value ? "" : value.error().describe());
  return value ? *value : Value();
}

std::string written(const char* format, std::string_view content, std::string_view options = "{}") {
  const auto text = write_configuration(format, yaml(content), yaml(options));
  return text ? *text : text.error().describe();
}

TEST(Writers, UnknownFormatsAndOptions) {
  EXPECT_EQ(written("prpoerties", "{}"),
            "unknown format \"prpoerties\" (did you mean \"properties\"? formats: hcl, ini, json, "
            "keyvalue, lines, properties, table, text, toml, yaml)");
  EXPECT_EQ(written("ini", "{}", "{qouting: none}"),
            "t.yaml:1:2: the format \"ini\" has no option \"qouting\" (did you mean \"quoting\"? "
            "options: lists, quoting, separator)");
  EXPECT_EQ(
      written("ini", "{}", "{quoting: dobule}"),
      "t.yaml:1:11: unknown quoting \"dobule\" (did you mean \"double\"? quoting: none, double, "
      "postgresql, shell, backtick)");
}

TEST(Writers, Ini) {
  EXPECT_EQ(written("ini", "{server: {port: 80, on: true, none: null}, name: a b, auth: {}}"),
            "name = a b\n\n[server]\nport = 80\non = true\n\n[auth]\n");
  EXPECT_EQ(written("ini", "{a: {b: x y}}", "{quoting: backtick, separator: '='}"),
            "[a]\nb=`x y`\n");
  EXPECT_EQ(written("ini", "{a: {b: {c: d}}}"),
            "t.yaml:1:9: a.b: a map cannot stand in an INI file");
  EXPECT_EQ(written("ini", "{a: [1]}"), "t.yaml:1:5: a: a list cannot stand in an INI file (choose "
                                        "repeat or comma for lists in the file's options)");
  EXPECT_EQ(written("ini", "{a: [1, x]}", "{lists: repeat}"), "a = 1\na = x\n");
  EXPECT_EQ(written("ini", "{a: \"x\\ny\"}"), "t.yaml:1:5: a: a text with line breaks or control "
                                              "characters cannot stand in an INI file");
  EXPECT_EQ(
      written("ini", "{a: 'x ; y'}"),
      "t.yaml:1:5: a: this text cannot stand in an INI file without quotes (choose a quoting in "
      "the file's options)");
  EXPECT_EQ(written("ini", "{'a]': {b: 1}}"),
            "t.yaml:1:2: [\"a]\"]: this key cannot stand in an INI file");
}

TEST(Writers, Properties) {
  EXPECT_EQ(
      written("properties", "{listeners: [a, b], log: {dirs: /x}, 'a b:c': ' é\\😀=', n: null}"),
      "listeners=a,b\nlog.dirs=/x\na\\ b\\:c=\\ \\u00e9\\\\\\ud83d\\ude00=\n");
  EXPECT_EQ(written("properties", "{a: ['x,y']}"),
            "t.yaml:1:6: a[0]: a text with a comma cannot stand between commas");
}

TEST(Writers, KeyValue) {
  EXPECT_EQ(written("keyvalue", "{listeners: {ssl: {default: 5671}}, a: x y}"),
            "listeners.ssl.default = 5671\na = x y\n");
  EXPECT_EQ(written("keyvalue", "{a: it's, b: 5, c: [x, y], d: 'a\\b'}",
                    "{quoting: postgresql, lists: comma}"),
            "a = 'it''s'\nb = 5\nc = 'x,y'\nd = 'a\\\\b'\n");
  EXPECT_EQ(written("keyvalue", "{A_B: it's $x}", "{quoting: shell}"), "A_B='it'\\''s $x'\n");
  EXPECT_EQ(written("keyvalue", "{a-b: x}", "{quoting: shell}"),
            "t.yaml:1:7: a-b: \"a-b\" cannot be a key in a file of keys and values");
  EXPECT_EQ(written("keyvalue", "{a: \"\\0\"}", "{quoting: shell}"),
            "t.yaml:1:5: a: a text with a zero byte cannot stand in a file of keys and values");
}

TEST(Writers, Toml) {
  EXPECT_EQ(
      written("toml", "{a: 1, t: {x.y: [1, two, {z: 3, n: null}], u: {}}, l: [{p: 1}, {p: 2}], "
                      "e: [], n: null, f: 1.0}"),
      "a = 1\ne = []\nf = 1.0\n\n[t]\n\"x.y\" = [1, \"two\", { z = 3 }]\n\n[t.u]\n\n[[l]]\np = "
      "1\n\n[[l]]\np = 2\n");
  EXPECT_EQ(written("toml", "{a: {b: [1, null]}}"),
            "t.yaml:1:13: a.b[1]: null cannot stand in a list "
            "in TOML");
}

TEST(Writers, Hcl) {
  EXPECT_EQ(written("hcl", "ui: true\n"
                           "storage raft: {path: /data, retry_join: [{leader: a}, {leader: b}]}\n"
                           "'listener \"tcp\"': {address: \"0.0.0.0:1\", sans: [a, b]}\n"
                           "tags =: {a b: \"${x} %{y} $z\"}\n"
                           "none: null\n"),
            "ui = true\n"
            "\n"
            "storage \"raft\" {\n"
            "  path = \"/data\"\n"
            "  retry_join {\n"
            "    leader = \"a\"\n"
            "  }\n"
            "  retry_join {\n"
            "    leader = \"b\"\n"
            "  }\n"
            "}\n"
            "\n"
            "listener \"tcp\" {\n"
            "  address = \"0.0.0.0:1\"\n"
            "  sans = [\"a\", \"b\"]\n"
            "}\n"
            "tags = {\n"
            "  \"a b\" = \"$${x} %%{y} $z\"\n"
            "}\n"
            "none = null\n");
  EXPECT_EQ(written("hcl", "{a b: 1}"), "t.yaml:1:2: [\"a b\"]: only a block can have labels");
  EXPECT_EQ(written("hcl", "{'1a': 1}").substr(0, 50),
            "t.yaml:1:2: 1a: this key cannot stand in HCL (writ");
}

TEST(Writers, Table) {
  EXPECT_EQ(
      written("table", "[[local, all, all, peer], [hostssl, [a, 'b,c'], 'x \"y\"', 10.0.0.0/8]]"),
      "local   all     all       peer\nhostssl a,\"b,c\" \"x \"\"y\"\"\" 10.0.0.0/8\n");
  EXPECT_EQ(written("table", "[[a, b], [ccc]]", "{align: false}"), "a b\nccc\n");
  EXPECT_EQ(written("table", "[[\"a\\nb\"]]"),
            "t.yaml:1:3: [0][0]: a text with line breaks or control "
            "characters cannot stand in a table");
}

TEST(Writers, PlainOnes) {
  EXPECT_EQ(written("lines", "[a, 1, ' b ']"), "a\n1\n b \n");
  EXPECT_EQ(written("lines", "[\"a\\nb\"]"),
            "t.yaml:1:2: [0]: a line cannot hold a line break or a zero "
            "byte");
  EXPECT_EQ(written("text", "\"a\\n\""), "a\n");
  EXPECT_EQ(written("text", "1"), "t.yaml:1:1: an integer cannot stand in a text file");
  EXPECT_EQ(written("json", "{a: 1}", "{layout: compact}"), "{\"a\":1}\n");
  EXPECT_EQ(written("json", "{a: [.nan]}"), "t.yaml:1:6: a[0]: is not a finite number");
  EXPECT_EQ(written("yaml", "{a: 'no'}"), "a: \"no\"\n");
  Value bad = Value::map();
  bad.set("a", "\xFF");
  EXPECT_EQ(write_configuration("toml", bad).error().message(), "a: this text is not UTF-8");
}

/// Writes texts in each format and has Python read them, as the programs that use the formats
/// would.
class ReadBack {
 public:
  /// False when the format refused the content.
  bool add(const char* format, const char* reader, const Value& content, const Value& expected,
           const Value& options = {}) {
    const auto text = write_configuration(format, content, options);
    if (!text) return false;
    Value& entry = cases_.push(Value::map());
    entry.set("format", reader);
    entry.set("text", *text);
    entry.set("expected", expected);
    return true;
  }
  /// What the readers saw differently; one line each.
  [[nodiscard]] std::string differences() const {
    Command command;
    command.arguments = {"python3", ALLOD_SOURCE_DIR "/tests/unit/document/read_back.py"};
    command.environment = {{"PATH", search_path()}, {"PYTHONIOENCODING", "utf-8"}};
    command.input = write_json(cases_);
    const auto finished = run(command);
    if (!finished) return finished.error().describe();
    return finished->ok() ? finished->output : finished->errors;
  }

 private:
  Value cases_ = Value::list();
};

Value one(const char* key, Value value) {
  Value map = Value::map();
  map.set(key, std::move(value));
  return map;
}

bool python_is_here() {
  Command command;
  command.arguments = {"python3", "-c", "import tomllib"};
  command.environment = {{"PATH", search_path()}};
  const auto found = run(command);
  return found && found->ok();
}

/// A text without zero bytes: no environment and no C program could hold them.
std::string without_zeros(std::string text) {
  std::erase(text, '\0');
  return text;
}

TEST(Writers, HostileTextsSurviveInEveryFormat) {
  if (!python_is_here()) GTEST_SKIP() << "needs python3 with tomllib";
  ReadBack back;
  std::size_t kept = 0;
  rc::check("collect", [&] {
    const std::string text = *hostile_text();
    const std::string other = *hostile_text();
    const std::string word = without_zeros(text);
    const Value both = one("value", one(word.c_str(), Value(text)));
    back.add("toml", "toml", both, both);
    back.add("json", "json", both, both);
    back.add("properties", "properties", one(word.c_str(), text), one(word.c_str(), text));
    kept += back.add("ini", "ini", one("s", one("value", text)), one("s", one("value", text))) ? 1U
                                                                                               : 0U;
    back.add("keyvalue", "postgresql", one("value", word), one("value", word),
             one("quoting", "postgresql"));
    back.add("keyvalue", "shell", one("value", word), one("value", word), one("quoting", "shell"));
    const Value words(Value::List{Value(text), Value(other)});
    const Value row(Value::List{words, Value("all")});
    const Value expected(Value::List{words, Value(Value::List{Value("all")})});
    back.add("table", "table", Value(Value::List{row}), Value(Value::List{expected}));
    const Value list(Value::List{both, Value(text), Value::list(), one("a", Value(other))});
    back.add("yaml", "yaml", list, list); // by a reader of YAML 1.1
  });
  EXPECT_GT(kept, 10U) << "the INI writer refused nearly everything";
  EXPECT_EQ(back.differences(), "");
}

} // namespace
} // namespace allod::document
