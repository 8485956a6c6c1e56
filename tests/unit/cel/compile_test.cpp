#include <gtest/gtest.h>

#include "support.h"

namespace allod::cel {
namespace {

Environment bindings_environment() {
  Environment environment = Environment::standard();
  environment.declare_object("Database", {{"host", Type::string()}, {"port", Type::int64()}});
  environment.declare_object(
      "Bindings", {{"database", Type::object("Database")}, {"my-queue", Type::object("Database")}});
  environment.declare("bindings", Type::object("Bindings"));
  environment.declare("count", Type::int64());
  environment.declare("labels", Type::map(Type::string(), Type::string()));
  return environment;
}

Activation bindings_activation() {
  const Value database = Value::map({{Value::string("host"), Value::string("db.local")},
                                     {Value::string("port"), Value::of_int(5432)}});
  Activation activation;
  activation.set("bindings", Value::map({{Value::string("database"), database}}));
  activation.set("count", Value::of_int(3));
  activation.set("labels", Value::map(std::vector<std::pair<Value, Value>>{}));
  return activation;
}

TEST(Compile, GivesTheResultType) {
  const auto environment = bindings_environment();
  EXPECT_EQ(compile(environment, "bindings.database.port + count")->result_type(), Type::int64());
  EXPECT_EQ(compile(environment, "[count].map(c, string(c))")->result_type(),
            Type::list(Type::string()));
  EXPECT_EQ(compile(environment, "bindings.?database.?host")->result_type(),
            Type::optional(Type::string()));
  EXPECT_EQ(compile(environment, "bindings['database'].host")->result_type(), Type::string());
}

TEST(Compile, EvaluatesOnObjects) {
  EXPECT_EQ(evaluated("bindings.database.host + ':' + string(bindings.database.port)",
                      bindings_activation(), bindings_environment()),
            "\"db.local:5432\"");
  EXPECT_EQ(evaluated("Database{host: 'a', port: 1}.host", {}, bindings_environment()), "\"a\"");
}

TEST(Compile, AnUnknownFieldNamesTheNearestAndAllFields) {
  const auto program =
      compile(bindings_environment(), "count > 0 &&\n  bindings.database.hots == ''");
  ASSERT_FALSE(program);
  const Error& error = program.error();
  EXPECT_EQ(error.code(), ErrorCode::invalid_input);
  EXPECT_EQ(error.message(), "Database has no field \"hots\"; its fields are host, port");
  EXPECT_EQ(error.hint(), "did you mean \"host\"?");
  ASSERT_TRUE(error.place());
  EXPECT_EQ(*error.place(), (Place{"", 2, 21, 4}));
}

TEST(Compile, UndeclaredNamesComeWithTheNearest) {
  const auto environment = bindings_environment();
  EXPECT_EQ(compile_error("bindngs.database", environment),
            "there is no variable \"bindngs\" | did you mean \"bindings\"?");
  EXPECT_EQ(compile_error("'a'.startWith('b')", environment),
            "there is no function \"startWith\" | did you mean \"startsWith\"?");
  EXPECT_EQ(compile_error("abs(1)", environment),
            "there is no function \"abs\" | did you mean \"math.abs\"?");
  EXPECT_EQ(compile_error("Databse{host: ''}", environment), "there is no object type \"Databse\"");
}

TEST(Compile, TypesThatDoNotFitAreErrors) {
  const auto environment = bindings_environment();
  EXPECT_EQ(compile_error("1 + 'a'", environment), "the operator + does not take (int, string)");
  EXPECT_EQ(compile_error("count && true", environment), "the operator && needs bools, not int");
  EXPECT_EQ(compile_error("'a'.charAt('b')", environment),
            "no overload fits string.charAt(string) | there is string.charAt(int)");
  EXPECT_EQ(compile_error("Database{port: 'x'}", environment),
            "the field \"port\" of Database is int, not string");
}

TEST(Compile, TheExpectedTypeIsChecked) {
  CompileOptions options;
  options.expected = Type::boolean();
  EXPECT_TRUE(compile(bindings_environment(), "count > 1", options));
  const auto program = compile(bindings_environment(), "count", options);
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().message(), "the expression is of type int, but bool is wanted");
}

TEST(Compile, ErrorPlacesCountCodePoints) {
  const auto program = compile(Environment::standard(), "'äöü' + nope");
  ASSERT_FALSE(program);
  EXPECT_EQ(*program.error().place(), (Place{"", 1, 9, 4}));
}

TEST(Compile, WhatFailsWhileEvaluatingHasAPlace) {
  const auto program = compile(bindings_environment(), "count / (count - 3)");
  ASSERT_TRUE(program);
  const auto value = program->evaluate(bindings_activation());
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().message(), "division by zero");
  EXPECT_EQ(*value.error().place(), (Place{"", 1, 7, 1}));
}

TEST(Compile, ConstantsAreFolded) {
  const auto environment = bindings_environment();
  const auto folded = compile(environment, "[1, 2, 3].map(x, x * 2).size() + 1");
  ASSERT_NE(folded->constant(), nullptr);
  EXPECT_EQ(*folded->constant(), Value::of_int(4));
  EXPECT_EQ(compile(environment, "count + 1")->constant(), nullptr);
  // An error is left to the evaluation, where && and || may make it vanish.
  EXPECT_EQ(compile(environment, "1 / 0")->constant(), nullptr);
}

TEST(Compile, FunctionsThatAreNotPureAreNotFolded) {
  Environment environment = Environment::standard();
  int calls = 0;
  auto function = parse_signature("next() -> int");
  ASSERT_TRUE(function);
  function->overloads[0].pure = false;
  function->overloads[0].implementation = [&calls](auto, Meter&) { return Value::of_int(++calls); };
  ASSERT_TRUE(environment.add(std::move(function).value()));
  const auto program = compile(environment, "next() + 0");
  ASSERT_TRUE(program);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(*program->evaluate({}), Value::of_int(1));
  EXPECT_EQ(*program->evaluate({}), Value::of_int(2));
}

TEST(Compile, KnowsItsVariablesAndSelections) {
  const auto program = compile(
      bindings_environment(),
      "has(bindings.database.host) && bindings.database.host != '' && labels['a-b'] == 'x' && "
      "[1].exists(count, count > bindings['my-queue'].port) && labels[bindings.database.host] != "
      "''");
  ASSERT_TRUE(program) << program.error().describe();
  EXPECT_EQ(program->variables(), (std::set<std::string>{"bindings", "labels"}));
  std::vector<std::string> paths;
  for (const Selection& selection : program->selections())
    paths.push_back(selection.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"bindings.database.host", "labels[\"a-b\"]",
                                             "bindings[\"my-queue\"].port", "labels"}));
  EXPECT_EQ(program->selections()[0].steps,
            (std::vector<std::string>{"bindings", "database", "host"}));
  EXPECT_EQ(program->selections()[0].place, (Place{"", 1, 5, 22}));
}

TEST(Compile, UncheckedProgramsFailWhileEvaluating) {
  CompileOptions options;
  options.check = false;
  const auto environment = Environment::standard();
  EXPECT_EQ(*compile(environment, "nope || true", options)->evaluate({}), Value::of_bool(true));
  EXPECT_EQ(*compile(environment, "f(1) || true", options)->evaluate({}), Value::of_bool(true));
  EXPECT_FALSE(compile(environment, "1 + 'a'", options)->evaluate({}));
  EXPECT_EQ(*compile(environment, "1 == 1.0", options)->evaluate({}), Value::of_bool(true));
  // What does not fit does not keep the rest from being resolved.
  EXPECT_EQ(*compile(environment, "1 || cel.bind(a, true, a)", options)->evaluate({}),
            Value::of_bool(true));
  EXPECT_FALSE(compile(environment, "[?1, cel.bind(a, 1, a)]", options)->evaluate({}));
  EXPECT_FALSE(compile(environment, "{?1: 2, 3: cel.bind(a, 1, a)}", options)->evaluate({}));
}

} // namespace
} // namespace allod::cel
