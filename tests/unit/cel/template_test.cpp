#include <gtest/gtest.h>

#include "support.h"

namespace allod::cel {
namespace {

Environment environment() {
  Environment made = Environment::standard();
  made.declare("host", Type::string());
  made.declare("port", Type::int64());
  made.declare("any", Type::dyn());
  made.declare("items", Type::list(Type::string()));
  return made;
}

Result<Value> rendered(std::string_view text) {
  const auto program = compile_template(environment(), text);
  if (!program) return program.error();
  Activation activation;
  activation.set("host", Value::string("db"));
  activation.set("port", Value::of_int(5432));
  activation.set("any", Value::null());
  activation.set("items", Value::list(std::vector<Value>{Value::string("a")}));
  return program->evaluate(activation);
}

TEST(Template, InterpolatesScalars) {
  EXPECT_EQ(rendered("http://${host}:${port}/")->as_string(), "http://db:5432/");
  EXPECT_EQ(rendered("${1.5} ${true} ${2u}")->as_string(), "1.5 true 2");
}

TEST(Template, AnExpressionAloneKeepsItsType) {
  EXPECT_EQ(*rendered("${port}"), Value::of_int(5432));
  EXPECT_EQ(rendered("${items}")->kind(), Kind::list);
  EXPECT_EQ(rendered("${ {'a': {'b': 1}} }")->kind(), Kind::map);
  EXPECT_EQ(rendered(" ${port}")->as_string(), " 5432");
}

TEST(Template, TwoExpressionsAreAText) {
  EXPECT_EQ(rendered("${port}${port}")->as_string(), "54325432");
}

TEST(Template, TextsWithoutExpressionsAreThemselves) {
  EXPECT_EQ(rendered("plain")->as_string(), "plain");
  EXPECT_EQ(rendered("")->as_string(), "");
  EXPECT_EQ(rendered("$ $a $$ {}")->as_string(), "$ $a $$ {}");
}

TEST(Template, TheEscapeGivesALiteral) {
  EXPECT_EQ(rendered("$${host}")->as_string(), "${host}");
  EXPECT_EQ(rendered("a$${b}${host}")->as_string(), "a${b}db");
  EXPECT_TRUE(is_template("$${x}"));
  EXPECT_FALSE(is_template("$x"));
}

TEST(Template, BracesAndQuotesInsideAreTheLexers) {
  EXPECT_EQ(rendered("<${'}' + \"{\"}>")->as_string(), "<}{>");
  EXPECT_EQ(rendered("<${ {'a': 'b'}['a'] }>")->as_string(), "<b>");
  EXPECT_EQ(rendered("${ host // a } comment\n}!")->as_string(), "db!");
}

TEST(Template, OtherTypesAreErrors) {
  const auto known = rendered("list: ${items}");
  ASSERT_FALSE(known);
  EXPECT_EQ(known.error().message(), "a value of type list(string) cannot be part of a text");
  EXPECT_EQ(*known.error().place(), (Place{"", 1, 9, 5}));
  const auto late = rendered("any: ${any}");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message(), "a value of type null_type cannot be part of a text");
}

TEST(Template, PlacesCountInTheWholeText) {
  const auto wrong = rendered("line one\nsee ${host} and ${prot}");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().hint(), "did you mean \"port\"?");
  EXPECT_EQ(*wrong.error().place(), (Place{"", 2, 19, 4}));
}

TEST(Template, AnOpenExpressionIsAnError) {
  EXPECT_FALSE(rendered("${host"));
  EXPECT_FALSE(rendered("${}"));
  EXPECT_FALSE(rendered("${'}"));
}

TEST(Template, SelectionsCoverAllExpressions) {
  const auto program = compile_template(environment(), "${host}:${port}");
  ASSERT_TRUE(program);
  ASSERT_EQ(program->selections().size(), 2U);
  EXPECT_EQ(program->selections()[1].place, (Place{"", 1, 11, 4}));
}

} // namespace
} // namespace allod::cel
