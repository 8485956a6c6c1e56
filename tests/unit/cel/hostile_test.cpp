// Expressions that want to hurt: all end in an error or a value, in bounded time and memory.
#include <gtest/gtest.h>

#include "support.h"

namespace allod::cel {
namespace {

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out += text;
  return out;
}

void expect_rejected(const std::string& expression, std::string_view why) {
  const auto program = compile(Environment::standard(), expression);
  ASSERT_FALSE(program) << expression.substr(0, 40);
  EXPECT_NE(program.error().message().find(why), std::string::npos) << program.error().message();
}

void expect_too_expensive(const std::string& expression, const Activation& activation = {}) {
  Environment environment = Environment::standard();
  environment.declare("x", Type::dyn());
  const auto program = compile(environment, expression);
  ASSERT_TRUE(program) << program.error().describe();
  const auto value = program->evaluate(activation, Limits{1'000'000});
  ASSERT_FALSE(value) << value->to_string(100);
  EXPECT_NE(value.error().message().find("costs more than the limit"), std::string::npos)
      << value.error().message();
}

TEST(Hostile, DeepNestingIsRejected) {
  for (const char* open : {"(", "[", "{1:", "f(", "a[", "-(", "!(", "a ? b : ", "a.map(x, "}) {
    expect_rejected(repeated(open, 9'000), "nested too deeply");
  }
  for (const char* sign : {"!", "-", "- "}) {
    expect_rejected(repeated(sign, 20'000) + "1", "nested too deeply");
  }
}

TEST(Hostile, LongChainsAreRejected) {
  expect_rejected("1" + repeated("+1", 20'000), "nested too deeply");
  expect_rejected("a" + repeated(".b", 20'000), "nested too deeply");
  expect_rejected("a" + repeated("[0]", 20'000), "nested too deeply");
  expect_rejected("1" + repeated("<1", 20'000), "nested too deeply");
}

TEST(Hostile, LongLogicalChainsAreFine) {
  EXPECT_EQ(evaluated("true" + repeated(" && true", 10'000)), "true");
  EXPECT_EQ(evaluated("false" + repeated(" || false", 10'000)), "false");
}

TEST(Hostile, TheLimitsOfTheSpecificationAreMet) {
  EXPECT_EQ(evaluated("1" + repeated(" + 1", 200)), "201");
  EXPECT_EQ(evaluated(repeated("(", 100) + "7" + repeated(")", 100)), "7");
  EXPECT_EQ(evaluated(repeated("false ? 1 : ", 60) + "2"), "2");
}

TEST(Hostile, LargeTextsAreRejected) {
  expect_rejected(std::string(200'000, ' ') + "1", "longer than 100000 bytes");
  expect_rejected("[" + repeated("-a,", 30'000) + "]", "too large");
}

TEST(Hostile, GiantLiteralsAreRejected) {
  expect_rejected(std::string(50'000, '9'), "does not fit an int");
  expect_rejected(std::string(50'000, '9') + ".0", "does not fit a double");
  expect_rejected("1e999999999999999999999", "does not fit a double");
  EXPECT_EQ(evaluated("1e-999999999999999999999"), "0.0");
  EXPECT_EQ(evaluated("size('" + std::string(90'000, 'x') + "')"), "90000");
}

TEST(Hostile, ExponentialComprehensionsMeetTheLimit) {
  std::string nested = "1/0 > 0";
  for (int i = 0; i < 30; ++i)
    nested = "[0,1].all(x, " + nested + ")";
  expect_too_expensive(nested);
  std::string chained = "['foo','bar']";
  for (int i = 0; i < 40; ++i)
    chained += ".map(x, x + x)";
  expect_too_expensive(chained);
}

TEST(Hostile, AnswersThatWouldAbsorbTheLimitDoNot) {
  std::string nested = "1/0 > 0";
  for (int i = 0; i < 30; ++i)
    nested = "[0,1].all(x, " + nested + ")";
  expect_too_expensive(nested + " || true", {});
}

TEST(Hostile, SharedPartsCannotBeComparedForEver) {
  std::string left = "l0";
  std::string prefix = "cel.bind(l0, [x, x], ";
  for (int i = 1; i < 60; ++i) {
    const std::string last = "l" + std::to_string(i - 1);
    left = "l" + std::to_string(i);
    prefix += "cel.bind(" + left + ", [" + last + ", " + last + "], ";
  }
  const std::string end = repeated(")", 60);
  Activation activation;
  activation.set("x", Value::of_int(1));
  expect_too_expensive(prefix + left + " == " + left + end, activation);
  expect_too_expensive(prefix + "'%s'.format([" + left + "]) == ''" + end, activation);
  expect_too_expensive(prefix + left + ".flatten(100) == []" + end, activation);
}

TEST(Hostile, PrintingSharedPartsEnds) {
  Value value = Value::of_int(1);
  for (int i = 0; i < 60; ++i)
    value = Value::list(std::vector<Value>{value, value});
  EXPECT_LT(value.to_string(1000).size(), 1100U);
}

TEST(Hostile, GrowingTextsMeetTheLimit) {
  Activation activation;
  activation.set("x", Value::string(std::string(1'000'000, 'a')));
  expect_too_expensive("lists.range(1000).map(i, x + string(i))", activation);
  expect_too_expensive("x.replace('', x)", activation);
  expect_too_expensive("lists.range(1000).all(i, x.contains(string(i) + x))", activation);
  expect_too_expensive("lists.range(1000).map(i, x.split(''))", activation);
  expect_too_expensive("lists.range(100000000)", activation);
}

TEST(Hostile, ManyPatternsMeetTheLimit) {
  Activation activation;
  activation.set("x", Value::string("(a{30}){30}"));
  expect_too_expensive("lists.range(100000).all(i, !'a'.matches(x + string(i)))", activation);
}

TEST(Hostile, ManyUsesOfAnEmptyListAreCheckedInTime) {
  const std::string expression = "cel.bind(a, [], [" + repeated("a + [],", 9'000) + "])";
  CompileOptions options;
  const auto program = compile(Environment::standard(), expression, options);
  ASSERT_TRUE(program) << program.error().describe();
  EXPECT_EQ(program->result_type().to_string(), "list(list(dyn))");
}

TEST(Hostile, TypesDoNotGrowExponentially) {
  std::string expression = "{1: 1}";
  for (int i = 0; i < 100; ++i) {
    expression = "cel.bind(m" + std::to_string(i) + ", " + expression + ", {m" + std::to_string(i) +
                 ": m" + std::to_string(i) + "})";
  }
  EXPECT_TRUE(evaluated(expression).starts_with("error: "));
}

TEST(Hostile, GarbageIsAnError) {
  for (const char* text :
       {"",        " ",          "//",   "\0",   "\xFF",    "'\xFF'",    "'",
        "\"\"\"",  "b'",         "r'\\", "`",    "``",      "1.",        "1e",
        "0x",      "0xg",        "1u1",  ".",    "..",      "a..b",      "a.1",
        "[,",      "{,",         "{:}",  "()",   "a(,)",    "a(b,)",     "a[",
        "a[]",     "?",          "a?b",  "a?:b", "&",       "&&",        "a&&",
        "|",       "=",          "a=b",  "@",    "#",       "a b",       "in",
        "a in",    "true()",     "x{",   "x{a}", "'\\u12'", "'\\ud800'", "'\\U00110000'",
        "'\\400'", "b'\\u0041'", "'\\q'"}) {
    EXPECT_FALSE(compile(Environment::standard(), text)) << text;
  }
}

} // namespace
} // namespace allod::cel
