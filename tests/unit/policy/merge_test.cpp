#include <gtest/gtest.h>

#include "document/json_writer.h"
#include "policy/json_patch.h"
#include "policy/merge_rules.h"
#include "support.h"

namespace allod::policy::test {
namespace {

document::Value document_of(const std::string& yaml) {
  const auto documents = read(yaml);
  return documents.empty() ? document::Value() : documents.front();
}

/// A Pod's spec after a configuration was applied to it, as JSON; or the error.
std::string merged(const std::string& spec, const std::string& patch) {
  document::Value object = document_of("{spec: " + spec + "}");
  const Status status = merge_configuration(object, document_of("{spec: " + patch + "}"),
                                            *rules().of_kind("v1", "Pod"));
  return status ? document::write_json(*object.find("spec")) : status.error().message();
}

TEST(Merge, FieldsAndMaps) {
  ASSERT_NE(rules().of_kind("v1", "Pod"), nullptr);
  ASSERT_NE(rules().of_kind("apps/v1", "Deployment"), nullptr);
  EXPECT_EQ(rules().of_kind("x.io/v1", "Pod"), nullptr);
  EXPECT_EQ(merged("{hostPID: true}", "{hostPID: false, hostIPC: false}"),
            R"({"hostPID":false,"hostIPC":false})");
  EXPECT_EQ(merged("{overhead: {cpu: 1}}", "{overhead: {memory: 2}}"),
            R"({"overhead":{"cpu":1,"memory":2}})");
  EXPECT_EQ(merged("{}", "{securityContext: {runAsNonRoot: true}}"),
            R"({"securityContext":{"runAsNonRoot":true}})");
  EXPECT_EQ(merged("{hostname: a}", "{hostname: null}"), "{}");
}

TEST(Merge, ListsByTheirKeys) {
  EXPECT_EQ(merged("{containers: [{name: a, image: x}, {name: b, image: y}]}",
                   "{containers: [{name: b, tty: true}]}"),
            R"({"containers":[{"name":"a","image":"x"},{"name":"b","image":"y","tty":true}]})");
  EXPECT_EQ(merged("{containers: [{name: a}, {name: b}]}", "{containers: [{name: c}, {name: b}]}"),
            R"({"containers":[{"name":"a"},{"name":"c"},{"name":"b"}]})");
  EXPECT_EQ(merged("{containers: [{name: a}, {name: b}]}", "{containers: [{name: b}, {name: a}]}"),
            R"({"containers":[{"name":"b"},{"name":"a"}]})");
  EXPECT_EQ(
      merged("{containers: [{name: a, ports: [{containerPort: 80}]}]}",
             "{containers: [{name: a, ports: [{containerPort: 80, protocol: TCP, name: http}]}]}"),
      R"({"containers":[{"name":"a","ports":[{"containerPort":80,"protocol":"TCP","name":"http"}]}]})");
}

TEST(Merge, RefusesWhatTheApiServerRefuses) {
  EXPECT_EQ(merged("{}", "{hostPid: true}"),
            "failed to convert patch object to typed object: .spec.hostPid: field not declared in "
            "schema");
  EXPECT_EQ(merged("{}", "{tolerations: [{key: a}]}"),
            "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: "
            ".spec.tolerations");
  EXPECT_EQ(merged("{}", "{nodeSelector: {a: b}}"),
            "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: "
            ".spec.nodeSelector");
  EXPECT_EQ(merged("{}", "{containers: [{image: a}]}"),
            "failed to convert patch object to typed object: .spec.containers: element 0: "
            "associative list with keys has an element that omits key field \"name\" (and doesn't "
            "have default value)");
}

TEST(Merge, KindsOfDefinitions) {
  MergeRules own;
  own.add_definition(document_of(
      "{spec: {group: x.io, names: {kind: Widget}, versions: [{name: v1, schema: {openAPIV3Schema: "
      "{type: object, properties: {spec: {type: object, properties: {tags: {type: array, "
      "x-kubernetes-list-type: set, items: {type: string}}, parts: {type: array, "
      "x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id], items: {type: object, "
      "properties: {id: {type: string}, n: {type: integer}}}}}}}}}}]}}"));
  const MergeType* type = own.of_kind("x.io/v1", "Widget");
  ASSERT_NE(type, nullptr);
  document::Value object = document_of("{spec: {tags: [a, b], parts: [{id: x, n: 1}]}}");
  ASSERT_TRUE(merge_configuration(
      object, document_of("{spec: {tags: [b, c], parts: [{id: x, n: 2}, {id: y}]}}"), *type));
  EXPECT_EQ(document::write_json(object),
            R"({"spec":{"tags":["a","b","c"],"parts":[{"id":"x","n":2},{"id":"y"}]}})");
}

TEST(JsonPatch, Operations) {
  const auto patched = [](const std::string& text, const std::string& operations) {
    document::Value object = document_of(text);
    std::vector<PatchOperation> list;
    const document::Value written = document_of(operations);
    for (const document::Value& operation : written.items()) {
      PatchOperation one;
      one.op = operation.string_or("op", "");
      one.path = operation.string_or("path", "");
      one.from = operation.string_or("from", "");
      if (const document::Value* given = operation.find("value")) one.value = *given;
      list.push_back(std::move(one));
    }
    const Result<bool> applied = apply_json_patch(object, list);
    return applied ? document::write_json(object) : applied.error().message();
  };
  EXPECT_EQ(patched("{a: 1}", "[{op: add, path: /b, value: [1]}]"), R"({"a":1,"b":[1]})");
  EXPECT_EQ(patched("{a: [1, 3]}", "[{op: add, path: /a/1, value: 2}]"), R"({"a":[1,2,3]})");
  EXPECT_EQ(patched("{a: [1]}", "[{op: add, path: /a/-, value: 2}]"), R"({"a":[1,2]})");
  EXPECT_EQ(patched("{a: [1]}", "[{op: add, path: /a/3, value: 2}]"),
            "error in add for path: '/a/3': Unable to access invalid index: 3: invalid index "
            "referenced");
  EXPECT_EQ(patched("{a: 1}", "[{op: add, path: /b/c, value: 2}]"),
            "add operation does not apply: doc is missing path: \"/b/c\": missing value");
  EXPECT_EQ(patched("{a: {x/y: 1}}", "[{op: replace, path: /a/x~1y, value: 2}]"),
            R"({"a":{"x/y":2}})");
  EXPECT_EQ(patched("{a: 1, b: 2}", "[{op: remove, path: /a}]"), R"({"b":2})");
  EXPECT_EQ(patched("{a: 1}", "[{op: remove, path: /c}]"),
            "error in remove for path: '/c': Unable to remove nonexistent key: c: missing value");
  EXPECT_EQ(patched("{a: 1}", "[{op: move, from: /a, path: /b}]"), R"({"b":1})");
  EXPECT_EQ(patched("{a: 1}", "[{op: copy, from: /a, path: /b}]"), R"({"a":1,"b":1})");
  EXPECT_EQ(patched("{a: 1}", "[{op: test, path: /a, value: 1}, {op: add, path: /b, value: 2}]"),
            R"({"a":1,"b":2})");
  EXPECT_EQ(patched("{a: 1}", "[{op: add, path: /b, value: 2}, {op: test, path: /a, value: 2}]"),
            R"({"a":1})");
  EXPECT_EQ(patched("{a: 1}", "[{op: merge, path: /a}]"), "Unexpected kind: merge");
}

} // namespace
} // namespace allod::policy::test
