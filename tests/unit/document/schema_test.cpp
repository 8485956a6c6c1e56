#include <gtest/gtest.h>

#include "document/json_writer.h"
#include "document/schema.h"
#include "document/yaml_reader.h"

namespace allod::document {
namespace {

Value yaml(std::string_view text, const char* name = "t.yaml") {
  Result<Value> value = read_yaml_document(name, text);
  EXPECT_TRUE(value.ok()) << (value ? "" : value.error().describe());
  return value ? *value : Value();
}

std::vector<std::string> described(const std::vector<Error>& errors) {
  std::vector<std::string> lines;
  for (const Error& error : errors)
    lines.push_back(error.describe());
  return lines;
}

using Lines = std::vector<std::string>;

Lines load(std::string_view schema) {
  SchemaRegistry registry;
  return described(registry.add(yaml(schema, "s.yaml"), "s"));
}

Lines check(std::string_view schema, const Value& value) {
  SchemaRegistry registry;
  EXPECT_EQ(described(registry.add(yaml(schema, "s.yaml"), "s")), Lines{});
  return described(registry.validate("s", value));
}

std::string with_defaults(std::string_view schema, std::string_view value) {
  SchemaRegistry registry;
  EXPECT_EQ(described(registry.add(yaml(schema, "s.yaml"), "s")), Lines{});
  Value filled = yaml(value);
  registry.apply_defaults("s", filled);
  return write_json(filled);
}

TEST(Schema, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(
      load("{type: object, propertys: {}}"),
      Lines{
          "s.yaml:1:16: unknown keyword \"propertys\" in a schema (did you mean \"properties\"?)"});
  EXPECT_EQ(load("{properties: {a: {unevaluatedProperties: false}}}"),
            Lines{"s.yaml:1:19: unknown keyword \"unevaluatedProperties\" in a schema"});
  EXPECT_EQ(
      load("{type: strng}"),
      Lines{"s.yaml:1:8: unknown type in a schema (did you mean \"string\"? types: null, boolean, "
            "integer, number, string, array, object)"});
  EXPECT_EQ(load("{pattern: '(?=x)'}").size(), 1U);
  EXPECT_EQ(load("{format: sise}"), Lines{"s.yaml:1:10: unknown format \"sise\""});
  EXPECT_EQ(load("{required: a, minLength: -1, items: 3, anyOf: [], multipleOf: 0}").size(), 5U);
  EXPECT_EQ(
      load("{x-own: 1, format: uuid, $schema: \"https://json-schema.org/draft/2020-12/schema\"}"),
      Lines{});
  EXPECT_EQ(load("{$schema: \"http://json-schema.org/draft-07/schema#\"}").size(), 1U);
  SchemaRegistry registry;
  EXPECT_EQ(described(registry.add(yaml("{type: object}"))),
            Lines{"t.yaml:1:1: this schema has no \"$id\""});
}

TEST(Schema, AFaultySchemaLeavesNoTrace) {
  SchemaRegistry registry;
  EXPECT_FALSE(
      registry.add(yaml("{$id: \"x:a\", $defs: {b: {$id: \"x:b\"}}, tpye: string}")).empty());
  EXPECT_FALSE(registry.contains("x:a"));
  EXPECT_FALSE(registry.contains("x:b"));
}

TEST(Schema, ReferencesBetweenSchemas) {
  SchemaRegistry registry;
  ASSERT_TRUE(registry
                  .add(yaml("{$id: \"x:a\", properties: {n: {$ref: \"x:b#/$defs/name\"}, "
                            "m: {$ref: \"x:b#anchored\"}}}"))
                  .empty());
  EXPECT_EQ(described(registry.check_references()),
            (Lines{"t.yaml:1:37: the reference \"x:b#/$defs/name\" leads nowhere (schemas: x:a)",
                   "t.yaml:1:67: the reference \"x:b#anchored\" leads nowhere (schemas: x:a)"}));
  ASSERT_TRUE(registry
                  .add(yaml("{$id: \"x:b\", $defs: {name: {type: string}, o: {$anchor: anchored, "
                            "type: integer}}}"))
                  .empty());
  EXPECT_TRUE(registry.check_references().empty());
  EXPECT_EQ(described(registry.validate("x:a", yaml("{n: 1, m: x}"))),
            (Lines{"t.yaml:1:5: expected a text, found an integer (put it in quotes)",
                   "t.yaml:1:11: expected an integer, found a text"}));
  EXPECT_TRUE(registry.validate("x:b#/$defs/name", Value("a")).empty());
  EXPECT_EQ(described(registry.validate("x:c", Value())),
            Lines{"no schema has the id \"x:c\" (did you mean \"x:a\"? schemas: x:a, x:b)"});
}

TEST(Schema, ValuesWithoutPlacesAreNamedByTheirPath) {
  Value value = Value::map();
  value.set("a", Value::list()).push(Value::map()).set("b", 1);
  EXPECT_EQ(check("{properties: {a: {items: {properties: {b: {type: string}}}}}}", value),
            Lines{"a[0].b: expected a text, found an integer (put it in quotes)"});
}

TEST(Schema, EndlessReferencesEnd) {
  EXPECT_EQ(check("{$ref: '#'}", Value(1)),
            Lines{"s.yaml:1:1: this schema refers to itself without an end"});
}

TEST(Schema, TypesOfBranchesAreMerged) {
  EXPECT_EQ(check("{oneOf: [{type: string}, {type: [integer, 'null']}]}", yaml("[]")),
            Lines{"t.yaml:1:1: expected a text, an integer or null, found a list"});
  EXPECT_EQ(
      check("{anyOf: [{enum: [a, b]}, {const: c}]}", yaml("d")),
      Lines{"t.yaml:1:1: \"d\" is not one of the values that can stand here (did you mean \"a\"? "
            "allowed: a, b, c)"});
  EXPECT_EQ(
      check("{oneOf: [{required: [a]}, {required: [b]}]}", yaml("{a: 1, b: 2}")),
      Lines{"t.yaml:1:1: this fits several forms of which only one can be meant (forms: the one "
            "with \"a\", the one with \"b\")"});
}

TEST(Schema, OwnFormats) {
  SchemaRegistry registry;
  registry.add_format("even", [](std::string_view text) -> Status {
    if (text.size() % 2 == 0) return {};
    return Error(ErrorCode::invalid_input, "odd").with_hint("one more");
  });
  ASSERT_TRUE(registry.add(yaml("{format: even}"), "s").empty());
  EXPECT_TRUE(registry.validate("s", Value("ab")).empty());
  EXPECT_EQ(described(registry.validate("s", Value("abc"))), Lines{"odd (one more)"});
  const auto fits = [](const char* format, const char* text) {
    return check(std::string("{format: ") + format + "}", Value(text)).empty();
  };
  EXPECT_TRUE(fits("uri", "https://example.org/a?b=%20#c"));
  EXPECT_FALSE(fits("uri", "example.org/a"));
  EXPECT_FALSE(fits("uri", "https://exa mple.org"));
  EXPECT_TRUE(fits("hostname", "a-b.example.org"));
  EXPECT_FALSE(fits("hostname", "-a.example.org"));
  EXPECT_TRUE(fits("email", "a.b+c@example.org"));
  EXPECT_FALSE(fits("email", "a..b@example.org"));
  EXPECT_FALSE(fits("email", "example.org"));
  EXPECT_TRUE(fits("date-time", "an annotation only"));
}

TEST(Schema, Defaults) {
  const char* schema = "$defs: {port: {type: integer, default: 80}}\n"
                       "properties:\n"
                       "  listen:\n"
                       "    default: {}\n"
                       "    properties: {port: {$ref: '#/$defs/port'}, address: {default: any}}\n"
                       "  parts:\n"
                       "    additionalProperties: {properties: {size: {default: 1Gi}}}\n"
                       "  steps:\n"
                       "    items: {oneOf: [{required: [a], properties: {x: {default: 1}}},\n"
                       "                    {required: [b], properties: {y: {default: 2}}}]}\n"
                       "if: {required: [tls]}\n"
                       "then: {properties: {key: {default: k}}}\n";
  EXPECT_EQ(with_defaults(schema, "{}"), "{\"listen\":{\"port\":80,\"address\":\"any\"}}");
  EXPECT_EQ(with_defaults(schema, "{listen: {port: 1}, parts: {p: {}, q: null}, tls: true}"),
            "{\"listen\":{\"port\":1,\"address\":\"any\"},\"parts\":{\"p\":{\"size\":\"1Gi\"},"
            "\"q\":null},"
            "\"tls\":true,\"key\":\"k\"}");
  EXPECT_EQ(with_defaults(schema, "{listen: {port: 1, address: x}, steps: [{a: 0}, {b: 0}, {}]}"),
            "{\"listen\":{\"port\":1,\"address\":\"x\"},\"steps\":[{\"a\":0,\"x\":1},{\"b\":0,"
            "\"y\":2},{}]}");
}

TEST(Schema, DefaultsPointIntoTheSchema) {
  SchemaRegistry registry;
  ASSERT_TRUE(registry.add(yaml("{properties: {a: {default: 5}}}", "s.yaml"), "s").empty());
  Value value = yaml("{}");
  registry.apply_defaults("s", value);
  EXPECT_EQ(value.find("a")->mark().place(), (Place{"s.yaml", 1, 28, 1}));
}

} // namespace
} // namespace allod::document
