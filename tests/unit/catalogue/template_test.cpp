#include <gtest/gtest.h>

#include "catalogue/catalogue.h"
#include "catalogue/template.h"
#include "document/cel_value.h"
#include "document/json_writer.h"
#include "document/yaml_reader.h"

namespace allod::catalogue {
namespace {

using document::Value;

cel::Environment environment() {
  cel::Environment result = cel::Environment::standard();
  result.declare("name", cel::Type::string());
  result.declare("number", cel::Type::int64());
  result.declare("items", cel::Type::list(cel::Type::string()));
  return result;
}

cel::Activation activation() {
  cel::Activation result;
  result.set("name", cel::Value::string("x"));
  result.set("number", cel::Value::of_int(7));
  result.set("items", cel::Value::list(std::vector<cel::Value>{cel::Value::string("a"),
                                                               cel::Value::string("b")}));
  return result;
}

/// The rendered value as JSON, or the first problem.
std::string rendered(const std::string& yaml, const TemplateOptions& options = {}) {
  const Result<Value> value = document::read_yaml_document("t.yaml", yaml);
  if (!value) return value.error().message();
  Problems problems;
  const Template compiled = Template::compile(*value, environment(), problems, options);
  if (!problems.empty()) return problems.front().describe();
  const cel::Activation names = activation();
  const Result<Rendered> result = compiled.render(names);
  return result ? document::write_json(result->value) : result.error().describe();
}

TEST(Template, KeepsTypesAloneAndInterpolatesInTexts) {
  EXPECT_EQ(rendered("{a: '${number}', b: 'n ${number} ${name}', c: plain}"),
            R"({"a":7,"b":"n 7 x","c":"plain"})");
}

TEST(Template, RepeatsEntriesAndItems) {
  EXPECT_EQ(
      rendered(
          "fixed: 1\n$for:\n- {$each: {i: '${items}'}, $key: 'k-${i}', $value: {v: '${i}'}}\n"),
      R"({"fixed":1,"k-a":{"v":"a"},"k-b":{"v":"b"}})");
  EXPECT_EQ(rendered("[first, {$each: {i: '${items}'}, $if: \"${i != 'a'}\", $value: '${i}!'}]"),
            R"(["first","b!"])");
  EXPECT_EQ(rendered("[{$each: [{i: '${items}'}, {j: '${items}'}], $value: '${i}${j}'}]"),
            R"(["aa","ab","ba","bb"])");
}

TEST(Template, LeavesOutWhatDoesNotHold) {
  EXPECT_EQ(
      rendered(
          "{a: {$if: '${number > 9}', $value: 1}, b: {$if: '${number > 9}', $value: 1, $else: 2}}"),
      R"({"b":2})");
  EXPECT_EQ(rendered("[one, {$if: '${number > 9}', $value: two}]"), R"(["one"])");
}

TEST(Template, LeavesLaterExpressionsAsTheyAre) {
  TemplateOptions deferred;
  deferred.deferred = true;
  EXPECT_EQ(
      rendered("{a: '${captured.id}', b: '/x/${name}/${captured.id}', c: '${number}'}", deferred),
      R"({"a":"${captured.id}","b":"/x/x/${captured.id}","c":7})");
  EXPECT_NE(rendered("a: '${captured.id + name}'", deferred).find("cannot also use \"name\""),
            std::string::npos);
}

TEST(Template, PointsAtTheFault) {
  EXPECT_EQ(rendered("key: \"text ${nmae}\"").substr(0, 12), "t.yaml:1:14:");
  EXPECT_NE(rendered("key: \"${nmae}\"").find("did you mean \"name\""), std::string::npos);
}

TEST(Template, RefusesLoopsInTheWrongPlace) {
  EXPECT_NE(rendered("a: {$each: {i: '${items}'}, $key: '${i}', $value: 1}").find("under $for"),
            std::string::npos);
  EXPECT_NE(rendered("{$each: {i: '${items}'}}").find("needs a $value"), std::string::npos);
}

TEST(Catalogue, HasNoFaults) {
  Problems problems;
  auto catalogue = Catalogue::open(std::string(ALLOD_SOURCE_DIR) + "/catalogue", problems);
  ASSERT_TRUE(catalogue.ok());
  (*catalogue)->check_all(problems);
  for (const Error& problem : problems)
    ADD_FAILURE() << problem.describe();
}

TEST(CelValue, SurvivesTheWayThereAndBack) {
  const Result<Value> value =
      document::read_yaml_document("v.yaml", "{a: [1, 2.5, true, null, text], b: {c: d}}");
  ASSERT_TRUE(value.ok());
  const Result<Value> back = document::from_cel(document::to_cel(*value));
  ASSERT_TRUE(back.ok());
  EXPECT_TRUE(*back == *value);
}

} // namespace
} // namespace allod::catalogue
