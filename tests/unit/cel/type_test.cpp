#include <gtest/gtest.h>

#include "support.h"

namespace allod::cel {
namespace {

TEST(Type, PrintsAsTheSpecificationWritesIt) {
  EXPECT_EQ(Type().to_string(), "dyn");
  EXPECT_EQ(Type::map(Type::string(), Type::list(Type::int64())).to_string(),
            "map(string, list(int))");
  EXPECT_EQ(Type::optional(Type::object("Database")).to_string(), "optional_type(Database)");
  EXPECT_EQ(Type::timestamp().runtime_name(), "google.protobuf.Timestamp");
  EXPECT_EQ(Type::nullable(Type::int64()).runtime_name(), "int");
}

TEST(Type, IsEqualByContent) {
  EXPECT_EQ(Type::list(Type::string()), Type::list(Type::string()));
  EXPECT_FALSE(Type::list(Type::string()) == Type::list(Type::bytes()));
  EXPECT_FALSE(Type::object("A") == Type::opaque("A"));
}

TEST(Signature, NamesReceiversAndParameters) {
  const auto member = parse_signature("string.charAt(int) -> string");
  ASSERT_TRUE(member);
  EXPECT_EQ(member->name, "charAt");
  EXPECT_TRUE(member->overloads[0].member);
  EXPECT_EQ(member->overloads[0].parameters, (std::vector<Type>{Type::string(), Type::int64()}));
  const auto qualified = parse_signature("math.abs( double )->double");
  EXPECT_EQ(qualified->name, "math.abs");
  EXPECT_FALSE(qualified->overloads[0].member);
  const auto opaque = parse_signature("net.IP.family() -> int");
  EXPECT_EQ(opaque->name, "family");
  EXPECT_EQ(opaque->overloads[0].parameters[0], Type::opaque("net.IP"));
  const auto generic = parse_signature("map<K, list<V>>.pick(K) -> optional<V>");
  EXPECT_EQ(generic->overloads[0].result, Type::optional(Type::parameter("V")));
}

TEST(Signature, RejectsWhatIsNone) {
  for (const char* text : {"", "f", "f(", "f()", "f() ->", "f() -> int int", "(int) -> int",
                           "f(int -> int", "f() - int"}) {
    EXPECT_FALSE(parse_signature(text)) << text;
  }
}

TEST(Nullable, IsAScalarOrNull) {
  Environment environment = Environment::standard();
  environment.declare("n", Type::nullable(Type::int64()));
  Activation activation;
  activation.set("n", Value::null());
  EXPECT_EQ(evaluated("n == null ? 0 : n + 1", activation, environment), "0");
  activation.set("n", Value::of_int(1));
  EXPECT_EQ(evaluated("n == null ? 0 : n + 1", activation, environment), "2");
  EXPECT_EQ(compile_error("n == 'a'", environment),
            "the operator == does not take (wrapper(int), string)");
}

} // namespace
} // namespace allod::cel
