#include <gtest/gtest.h>

#include "policy/crd_schema.h"
#include "support.h"

namespace allod::policy::test {
namespace {

/// Judges an object (and an old one) of kind Widget by a schema of its spec.
std::string by_schema(const std::string& spec, const std::string& object,
                      const std::string& old_object = "") {
  const std::vector<document::Value> documents = read(
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: "
      "widgets.x.io}\nspec:\n  group: x.io\n  scope: Namespaced\n  names: {kind: Widget, plural: "
      "widgets}\n  versions:\n  - name: v1\n    served: true\n    schema:\n      openAPIV3Schema:\n"
      "        type: object\n        properties:\n          spec: " +
      spec + "\n");
  if (documents.empty()) return "no document";
  Resources known;
  known.add_definition(documents.front());
  std::vector<Error> problems;
  const PolicySet set = PolicySet::compile(documents, known, problems);
  if (!problems.empty()) return "problem: " + problems.front().message();
  const std::string head = "{apiVersion: x.io/v1, kind: Widget, metadata: {name: a}, spec: ";
  Subject subject = subject_of(value(head + object + "}"), Operation::create, known);
  if (!old_object.empty()) {
    subject.request.operation = Operation::update;
    subject.old_object = value(head + old_object + "}");
  }
  return judged(set, subject);
}

TEST(Crd, RulesSeeTypedValues) {
  const std::string schema =
      "{type: object, properties: {min: {type: integer}, max: {type: integer}, since: {type: "
      "string, format: date-time}, wait: {type: string, format: duration}}, "
      "x-kubernetes-validations: [{rule: 'self.min <= self.max', message: 'min above max'}, {rule: "
      "\"!has(self.since) || self.since > timestamp('2020-01-01T00:00:00Z')\"}, {rule: "
      "\"!has(self.wait) || self.wait < duration('1h')\"}]}";
  EXPECT_EQ(by_schema(schema, "{min: 1, max: 2}"), "");
  EXPECT_EQ(by_schema(schema, "{min: 3, max: 2}"),
            "denied: spec: Invalid value: \"object\": min above max");
  EXPECT_EQ(
      by_schema(schema, "{min: 1, max: 2, since: '2019-01-01T00:00:00Z'}"),
      "denied: spec: Invalid value: \"object\": failed rule: !has(self.since) || self.since > "
      "timestamp('2020-01-01T00:00:00Z')");
  EXPECT_EQ(by_schema(schema, "{min: 1, max: 2, wait: 30m}"), "");
  EXPECT_EQ(by_schema(schema, "{min: 1}"),
            "error: spec: Invalid value: \"object\": no such key: max evaluating rule: min above "
            "max");
}

TEST(Crd, MessagesReasonsAndFieldPaths) {
  EXPECT_EQ(by_schema("{type: object, properties: {n: {type: integer}}, x-kubernetes-validations: "
                      "[{rule: 'self.n > 1', messageExpression: \"'n is ' + string(self.n)\", "
                      "reason: FieldValueForbidden, fieldPath: .n}]}",
                      "{n: 1}"),
            "denied: spec.n: Forbidden: n is 1");
}

TEST(Crd, NestedValuesInListsAndMaps) {
  const std::string schema =
      "{type: object, properties: {parts: {type: array, items: {type: object, properties: {size: "
      "{type: integer, x-kubernetes-validations: [{rule: self > 0, message: positive}]}}}}, by: "
      "{type: object, additionalProperties: {type: string, x-kubernetes-validations: [{rule: "
      "\"self.startsWith('a')\", message: a}]}}}}";
  EXPECT_EQ(by_schema(schema, "{parts: [{size: 1}, {size: 0}], by: {x: abc, y: b}}"),
            "denied: spec.by[y]: Invalid value: \"string\": a; denied: spec.parts[1].size: Invalid "
            "value: \"integer\": positive");
}

TEST(Crd, TransitionRules) {
  const std::string schema =
      "{type: object, properties: {name: {type: string, "
      "x-kubernetes-validations: [{rule: self == oldSelf, message: fixed}]}}}";
  EXPECT_EQ(by_schema(schema, "{name: a}"), "");
  EXPECT_EQ(by_schema(schema, "{name: a}", "{name: a}"), "");
  EXPECT_EQ(by_schema(schema, "{name: a}", "{name: b}"),
            "denied: spec.name: Invalid value: \"string\": fixed");
  EXPECT_EQ(by_schema(schema, "{name: a}", "{}"), "");
  const std::string optional =
      "{type: object, properties: {name: {type: string, x-kubernetes-validations: [{rule: "
      "'oldSelf.hasValue() || self == \"new\"', optionalOldSelf: true, message: first}]}}}";
  EXPECT_EQ(by_schema(optional, "{name: a}"),
            "denied: spec.name: Invalid value: \"string\": first");
  EXPECT_EQ(by_schema(optional, "{name: new}"), "");
  EXPECT_EQ(by_schema(optional, "{name: a}", "{name: b}"), "");
}

TEST(Crd, ListElementsAreMatchedByTheirKeys) {
  const std::string schema =
      "{type: object, properties: {parts: {type: array, x-kubernetes-list-type: map, "
      "x-kubernetes-list-map-keys: [id], items: {type: object, properties: {id: {type: string}, "
      "size: {type: integer}}, x-kubernetes-validations: [{rule: self.size >= oldSelf.size, "
      "message: grows}]}}}}";
  EXPECT_EQ(by_schema(schema, "{parts: [{id: b, size: 1}, {id: a, size: 2}]}",
                      "{parts: [{id: a, size: 2}, {id: b, size: 1}]}"),
            "");
  EXPECT_EQ(by_schema(schema, "{parts: [{id: b, size: 0}, {id: c, size: 0}]}",
                      "{parts: [{id: a, size: 2}, {id: b, size: 1}]}"),
            "denied: spec.parts[0]: Invalid value: \"object\": grows");
}

TEST(Crd, OldFaultsAreWarnedOf) {
  const std::string schema =
      "{type: object, properties: {a: {type: integer, x-kubernetes-validations: [{rule: self > 0, "
      "message: positive}]}, b: {type: integer}}}";
  EXPECT_EQ(by_schema(schema, "{a: 0, b: 2}", "{a: 0, b: 1}"),
            "warned: spec.a: Invalid value: \"integer\": positive");
  EXPECT_EQ(by_schema(schema, "{a: 0}", "{a: 1}"),
            "denied: spec.a: Invalid value: \"integer\": positive");
}

TEST(Crd, DefaultsAndEscapedNames) {
  const std::string schema =
      "{type: object, properties: {a-b: {type: integer}, n: {type: integer, default: 3}}, "
      "x-kubernetes-validations: [{rule: self.a__dash__b == self.n, message: same}]}";
  EXPECT_EQ(by_schema(schema, "{a-b: 3}"), "");
  EXPECT_EQ(by_schema(schema, "{a-b: 4}"), "denied: spec: Invalid value: \"object\": same");
}

TEST(Crd, FaultsOfRulesAreFound) {
  EXPECT_EQ(by_schema("{type: object, properties: {a: {type: integer}}, x-kubernetes-validations: "
                      "[{rule: self.b > 1}]}",
                      "{}")
                .substr(0, 8),
            "problem:");
  EXPECT_EQ(by_schema("{type: object, properties: {a: {type: integer}}, x-kubernetes-validations: "
                      "[{rule: \"self.a == 'x'\"}]}",
                      "{}")
                .substr(0, 8),
            "problem:");
}

TEST(Crd, FieldNamesAreEscapedAndBack) {
  for (const std::string name : {"a", "a-b", "a.b/c", "x__y", "namespace", "in", "a_b"}) {
    const auto escaped = escape_field(name);
    ASSERT_TRUE(escaped) << name;
    EXPECT_EQ(unescape_field(*escaped), name);
  }
  EXPECT_FALSE(escape_field("1a"));
  EXPECT_FALSE(escape_field("a b"));
  EXPECT_EQ(escape_field("namespace"), "__namespace__");
  EXPECT_EQ(escape_field("x__y"), "x__underscores__y");
}

} // namespace
} // namespace allod::policy::test
