// What the conformance cases do not cover: unknowns, errors that vanish, custom functions, limits.
#include <gtest/gtest.h>

#include "support.h"

namespace allod::cel {
namespace {

Environment environment() {
  Environment made = Environment::standard();
  made.declare("u", Type::dyn());
  made.declare("v", Type::dyn());
  made.declare("m", Type::map());
  return made;
}

std::string with_unknowns(std::string_view expression) {
  Activation activation;
  activation.set("u", Value::unknown("u"));
  activation.set("v", Value::unknown("v"));
  activation.set("m", Value::map({{Value::string("known"), Value::of_int(1)},
                                  {Value::string("later"), Value::unknown("m.later")}}));
  return evaluated(expression, activation, environment());
}

TEST(Unknown, SpreadsAndAddsUp) {
  EXPECT_EQ(with_unknowns("u + 1"), "unknown(u)");
  EXPECT_EQ(with_unknowns("u + v"), "unknown(u, v)");
  EXPECT_EQ(with_unknowns("u.name.startsWith(v)"), "unknown(u, v)");
  EXPECT_EQ(with_unknowns("[1, u, v]"), "unknown(u, v)");
  EXPECT_EQ(with_unknowns("{'a': u}.a"), "unknown(u)");
  EXPECT_EQ(with_unknowns("m.later + 1"), "unknown(m.later)");
  EXPECT_EQ(with_unknowns("m.known + 1"), "2");
}

TEST(Unknown, IsDecidedByWhatIsKnown) {
  EXPECT_EQ(with_unknowns("u || true"), "true");
  EXPECT_EQ(with_unknowns("u && false"), "false");
  EXPECT_EQ(with_unknowns("u || false"), "unknown(u)");
  EXPECT_EQ(with_unknowns("u || 1 / 0 > 0"), "unknown(u)");
  EXPECT_EQ(with_unknowns("u ? 1 : 2"), "unknown(u)");
  EXPECT_EQ(with_unknowns("true ? 1 : u"), "1");
  EXPECT_EQ(with_unknowns("[1, 2].exists(x, x == 2 || u)"), "true");
  EXPECT_EQ(with_unknowns("[1, 2].all(x, x == 3 && u)"), "false");
  EXPECT_EQ(with_unknowns("[1, 2].map(x, x > 1 ? v : u)"), "unknown(u, v)");
}

TEST(Unknown, InsideTreesCountsOnlyWhereItDecides) {
  EXPECT_EQ(with_unknowns("has(m.later)"), "true");
  EXPECT_EQ(with_unknowns("m == {'known': 2, 'later': 1}"), "false");
  EXPECT_EQ(with_unknowns("m == {'known': 1, 'later': 1}"), "unknown(m.later)");
  EXPECT_EQ(with_unknowns("m.transformList(k, x, k)"), "[\"known\", \"later\"]");
  EXPECT_EQ(with_unknowns("m.transformList(k, x, x)"), "unknown(m.later)");
  EXPECT_EQ(with_unknowns("m.exists(k, m[k] == 1)"), "true");
}

TEST(Errors, OutliveUnknownsInStrictFunctions) {
  EXPECT_EQ(with_unknowns("u + 1 / 0"), "error: division by zero");
  EXPECT_EQ(with_unknowns("[1 / 0, u]"), "error: division by zero");
}

TEST(Errors, VanishWhereTheOtherSideDecides) {
  EXPECT_EQ(evaluated("1 / 0 > 0 || true"), "true");
  EXPECT_EQ(evaluated("1 / 0 > 0 && false"), "false");
  EXPECT_EQ(evaluated("1 / 0 > 0 || false"), "error: division by zero");
  EXPECT_EQ(evaluated("[1, 0].exists(x, 1 / x == 1)"), "true");
  EXPECT_EQ(evaluated("[0, 1].all(x, 1 / x == 0)"), "false");
  EXPECT_EQ(evaluated("[0, 1].exists_one(x, 1 / x == 1)"), "error: division by zero");
}

TEST(Numbers, OverflowIsAnError) {
  for (const char* expression :
       {"9223372036854775807 + 1", "-9223372036854775807 - 2", "9223372036854775807 * 2",
        "-(-9223372036854775808)", "-9223372036854775808 / -1", "-9223372036854775808 % -1",
        "0u - 1u", "18446744073709551615u + 1u", "18446744073709551615u * 2u",
        "duration('9223372036s') + duration('9223372036s')",
        "timestamp('9999-12-31T23:59:59Z') + duration('1s')",
        "timestamp('0001-01-01T00:00:00Z') - duration('1ns')"}) {
    EXPECT_NE(evaluated(expression).find("overflow"), std::string::npos) << expression;
  }
  EXPECT_EQ(evaluated("1.0 / 0.0"), "+Inf");
  EXPECT_EQ(evaluated("1 % 0"), "error: modulus by zero");
}

TEST(Functions, CustomOnesHaveOverloads) {
  Environment made = Environment::standard();
  const auto twice = [](Arguments a, Meter&) {
    return a[0].is(Kind::int64)
               ? Value::of_int(a[0].as_int() * 2)
               : Value::string(std::string(a[0].as_string()) + std::string(a[0].as_string()));
  };
  ASSERT_TRUE(made.add("twice(int) -> int", twice));
  ASSERT_TRUE(made.add("twice(string) -> string", twice));
  ASSERT_TRUE(made.add("string.shouted() -> string", [](Arguments a, Meter&) {
    return Value::string(std::string(a[0].as_string()) + "!");
  }));
  EXPECT_EQ(evaluated("twice(4) + twice(dyn(1))", {}, made), "10");
  EXPECT_EQ(evaluated("twice('ab').shouted()", {}, made), "\"abab!\"");
  EXPECT_EQ(compile_error("twice(1.0)", made),
            "no overload fits twice(double) | there is twice(int), twice(string)");
  EXPECT_EQ(evaluated("twice(dyn(1.0))", {}, made), "error: no such overload: twice of (double)");
}

TEST(Functions, CollisionsAreRefused) {
  Environment made = Environment::standard();
  const auto nothing = [](Arguments, Meter&) { return Value::null(); };
  EXPECT_FALSE(made.add("size(string) -> int", nothing));
  EXPECT_FALSE(made.add("_+_(bool, bool) -> bool", nothing));
  EXPECT_FALSE(made.add("not a signature", nothing));
  EXPECT_TRUE(made.add("size(bool) -> int", nothing));
  // The environment that others copy is not touched.
  EXPECT_TRUE(evaluated("size(dyn(true))").starts_with("error: no such overload"));
}

/// The shape that an authorizer would have: a value that carries calls.
class Caller final : public Opaque {
 public:
  explicit Caller(std::string name) : name_(std::move(name)) {}
  [[nodiscard]] std::string_view type_name() const override { return "test.Caller"; }
  [[nodiscard]] bool equals(const Opaque& other) const override {
    return name_ == static_cast<const Caller&>(other).name_;
  }
  [[nodiscard]] std::string print() const override { return "caller " + name_; }

 private:
  std::string name_;
};

TEST(Functions, LibrariesAddOpaqueTypes) {
  Environment made = Environment::standard();
  made.declare("caller", Type::opaque("test.Caller"));
  made.declare_type(Type::opaque("test.Caller"));
  ASSERT_TRUE(made.add("test.Caller.may(string) -> bool", [](Arguments a, Meter&) {
    return Value::of_bool(a[1].as_string() == "read");
  }));
  Activation activation;
  activation.set("caller", Value::opaque(std::make_shared<const Caller>("alice")));
  EXPECT_EQ(evaluated("caller.may('read') && !caller.may('write')", activation, made), "true");
  EXPECT_EQ(evaluated("type(caller) == test.Caller && caller == caller", activation, made), "true");
  EXPECT_EQ(evaluated("dyn(ip('::1')).may('read')", activation, made),
            "error: no such overload: may of (net.IP, string)");
}

TEST(Limits, TheCostIsCounted) {
  Environment made = environment();
  const auto program = compile(made, "m.known + 1");
  Activation activation;
  activation.set("m", Value::map({{Value::string("known"), Value::of_int(1)}}));
  const auto outcome = program->run(activation);
  EXPECT_GT(outcome.work, 0U);
  EXPECT_TRUE(program->evaluate(activation, {outcome.work}));
  EXPECT_FALSE(program->evaluate(activation, {outcome.work - 1}));
}

TEST(Core, HasNoExtensions) {
  const Environment core = Environment::core();
  EXPECT_EQ(evaluated("[1].map(x, x + 1).size()", {}, core), "1");
  EXPECT_TRUE(evaluated("'a'.charAt(0)", {}, core).starts_with("error: there is no function"));
  EXPECT_TRUE(evaluated("{}.?a", {}, core).starts_with("error: "));
  EXPECT_TRUE(evaluated("[1].transformList(i, v, v)", {}, core).starts_with("error: "));
}

TEST(Names, ContainersAndLocalsFollowTheSpecification) {
  Environment made = Environment::standard();
  made.declare("a.b.c", Type::int64());
  made.declare("x", Type::int64());
  made.declare("b.c", Type::map());
  Activation activation;
  activation.set("a.b.c", Value::of_int(1)).set("x", Value::of_int(9));
  activation.set("b.c", Value::map({{Value::string("d"), Value::of_int(2)}}));
  EXPECT_EQ(evaluated("a.b.c + b.c.d", activation, made), "3");
  EXPECT_EQ(evaluated("[1].exists(x, .x == 9 && x == 1)", activation, made), "true");
  made.set_container("a.b");
  EXPECT_EQ(evaluated("c", activation, made), "1");
  EXPECT_EQ(evaluated("[{'c': 5}].map(b, b.c)", activation, made), "[5]");
}

TEST(Objects, BehaveAsMaps) {
  Environment made = Environment::standard();
  made.declare_object("P", {{"x", Type::int64()}, {"y", Type::nullable(Type::int64())}});
  made.declare("p", Type::object("P"));
  Activation activation;
  activation.set("p", Value::map({{Value::string("x"), Value::of_int(1)},
                                  {Value::string("y"), Value::null()}}));
  EXPECT_EQ(evaluated("p.y == null && p.x == 1", activation, made), "true");
  EXPECT_EQ(evaluated("size(p) == 2 && 'x' in p && p.exists(k, k == 'y')", activation, made),
            "true");
  EXPECT_EQ(evaluated("has(p.x) && p == P{x: 1, y: null}", activation, made), "true");
  EXPECT_EQ(evaluated("P{?x: optional.none(), y: 2}", activation, made), "{\"y\": 2}");
  EXPECT_EQ(compile_error("p['z']", made), "P has no field \"z\"; its fields are x, y");
  EXPECT_EQ(compile_error("has(p.z)", made), "P has no field \"z\"; its fields are x, y");
}

TEST(Activation, HasSlotsThatWinOverNames) {
  Environment environment = Environment::standard();
  environment.declare("a", Type::int64()).declare("b", Type::int64());
  environment.declare("a", Type::dyn());
  EXPECT_EQ(environment.slot("a"), 0U);
  EXPECT_EQ(environment.slot("b"), 1U);
  EXPECT_EQ(environment.slot("c"), kNoSlot);
  Activation outer;
  outer.set_slot(1, Value::of_int(10)).set("a", Value::of_int(1));
  Activation inner(&outer);
  EXPECT_EQ(evaluated("a + b", inner, environment), "11");
  inner.set_slot(0, Value::of_int(2));
  EXPECT_EQ(evaluated("a + b", inner, environment), "12");
}

TEST(Activation, ComputesManyLazyVariablesOnce) {
  Environment environment = Environment::standard();
  Activation activation;
  int computed = 0;
  std::string sum = "0";
  for (int i = 0; i < 20; ++i) {
    const std::string name = "v" + std::to_string(i);
    environment.declare(name, Type::int64());
    activation.set_lazy(name, [&computed] {
      ++computed;
      return Value::of_int(1);
    });
    sum += " + " + name + " + " + name;
  }
  EXPECT_EQ(evaluated(sum, activation, environment), "40");
  EXPECT_EQ(computed, 20);
}

TEST(Paths, NameTheFieldThatIsMissing) {
  Environment environment = Environment::standard();
  environment.declare("m", Type::dyn());
  Activation activation;
  activation.set("m", Value::map({{Value::string("a"),
                                   Value::map({{Value::string("b"), Value::of_int(1)}})}}));
  EXPECT_EQ(evaluated("m.a.b", activation, environment), "1");
  EXPECT_EQ(evaluated("has(m.a.b) && !has(m.a.c)", activation, environment), "true");
  EXPECT_EQ(evaluated("m.x.b", activation, environment), "error: no such key: x");
  EXPECT_EQ(evaluated("has(m.x.b)", activation, environment), "error: no such key: x");
  EXPECT_EQ(evaluated("m.a.b.c", activation, environment),
            "error: a value of type int has no field \"c\"");
  const auto program = compile(environment, "m.a.nothing.there");
  const auto value = program->evaluate(activation);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().place()->column, 5U);
}

TEST(Membership, InConstantTexts) {
  Environment environment = Environment::standard();
  environment.declare("x", Type::dyn());
  const std::string many = "x in ['i', 'h', 'g', 'f', 'e', 'd', 'c', 'b', 'a', 'a']";
  for (const auto& [value, wanted] :
       std::vector<std::pair<Value, std::string>>{{Value::string("a"), "true"},
                                                  {Value::string("z"), "false"},
                                                  {Value::of_int(1), "false"},
                                                  {Value::unknown("x"), "unknown(x)"}}) {
    const Activation activation = Activation().set("x", value);
    EXPECT_EQ(evaluated(many, activation, environment), wanted);
    EXPECT_EQ(evaluated("x in ['a']", activation, environment), wanted);
  }
}

TEST(OpenObjects, HaveAnyField) {
  Environment environment = Environment::standard();
  environment.declare_mutation_types();
  EXPECT_EQ(evaluated("Object{spec: Object.spec{replicas: 3}}", {}, environment),
            "{\"spec\": {\"replicas\": 3}}");
  EXPECT_EQ(evaluated("Object{spec: Object.spec{?a: optional.none(), list: [Object.spec.list{}]}}",
                      {}, environment),
            "{\"spec\": {\"list\": [{}]}}");
  EXPECT_EQ(compile_error("Object{spec: Object.metadata{}}", environment),
            "an object in the field \"spec\" of Object is Object.spec{…}, not Object.metadata{…}");
  EXPECT_EQ(compile_error("Other{}", environment), "there is no object type \"Other\"");
  EXPECT_EQ(evaluated("[JSONPatch{op: 'add', path: '/a/' + jsonpatch.escapeKey('x/y~z'), "
                      "value: {'b': 1}}]",
                      {}, environment),
            "[{\"op\": \"add\", \"path\": \"/a/x~1y~0z\", \"value\": {\"b\": 1}}]");
  EXPECT_EQ(compile_error("JSONPatch{oops: 1}", environment).substr(0, 32),
            "JSONPatch has no field \"oops\"; i");
}

} // namespace
} // namespace allod::cel
