// Expressions that are well formed, made from arbitrary bytes: random texts seldom get past the
// parser, these reach the checker's and the evaluator's depths. What compiles with types and
// without gives the same, twice the same, and every evaluation ends.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "cel/authorizer.h"
#include "cel/cel.h"

namespace {

using namespace allod::cel;

Environment make_environment(Environment environment) {
  environment.declare("x", Type::dyn());
  environment.declare("n", Type::int64());
  environment.declare("s", Type::string());
  environment.declare("l", Type::list(Type::int64()));
  environment.declare("m", Type::map(Type::string(), Type::dyn()));
  environment.declare("u", Type::dyn());
  environment.declare("authorizer", Type::opaque("kubernetes.authorization.Authorizer"));
  return environment;
}

Activation make_activation() {
  const Value map = Value::map({{Value::string("k"), Value::of_int(1)},
                                {Value::string("s"), Value::string("2")},
                                {Value::string("u"), Value::unknown("m.u")}});
  Activation activation;
  activation.set("x", Value::list(std::vector<Value>{Value::null(), map, Value::of_double(0.5)}));
  activation.set("n", Value::of_int(-3));
  activation.set("s", Value::string("täxt"));
  activation.set("l", Value::list(std::vector<Value>{Value::of_int(3), Value::of_int(1)}));
  activation.set("m", map);
  activation.set("u", Value::unknown("u"));
  activation.set("authorizer", authorizer_value(nullptr));
  return activation;
}

/// Every call that the environment knows, by one line each.
struct Call {
  std::string name;
  std::size_t arguments = 0; ///< with the receiver
  bool member = false;
};

std::vector<Call> make_calls(const Environment& environment) {
  std::vector<Call> calls;
  for (const std::string& name : environment.function_names()) {
    const char first = name.empty() ? '@' : name.front();
    if (first == '_' || first == '@' || first == '!' || first == '-') continue;
    for (const Overload& overload : environment.find_function(name)->overloads)
      calls.push_back({name, overload.parameters.size(), overload.member});
  }
  return calls;
}

/// Turns bytes into an expression.
class Writer {
 public:
  Writer(FuzzedDataProvider& bytes, const std::vector<Call>& calls)
      : bytes_(bytes), calls_(calls) {}

  std::string expression(int depth) {
    if (depth <= 0 || bytes_.remaining_bytes() == 0) return leaf();
    const auto next = [&] { return expression(depth - 1); };
    switch (bytes_.ConsumeIntegralInRange(0, 14)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return call(depth);
    case 4: {
      static constexpr const char* kOperators[] = {
          "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"};
      return "(" + next() + " " + bytes_.PickValueInArray(kOperators) + " " + next() + ")";
    }
    case 5:
      return (bytes_.ConsumeBool() ? "!" : "-") + ("(" + next() + ")");
    case 6:
      return "(" + next() + " ? " + next() + " : " + next() + ")";
    case 7:
      return "[" + next() + ", " + (bytes_.ConsumeBool() ? "?" : "") + next() + "]";
    case 8:
      return "{" + next() + ": " + next() + ", " + (bytes_.ConsumeBool() ? "?" : "") + next() +
             ": " + next() + "}";
    case 9:
      return next() + (bytes_.ConsumeBool() ? "[?" : "[") + next() + "]";
    case 10:
      return next() + (bytes_.ConsumeBool() ? ".?" : ".") + field();
    case 11:
      return "has(" + next() + "." + field() + ")";
    case 12:
      return macro(depth);
    case 13: {
      const std::string name = "v" + std::to_string(depth);
      const std::string value = next();
      names_.push_back(name);
      const std::string body = next();
      names_.pop_back();
      return "cel.bind(" + name + ", " + value + ", " + body + ")";
    }
    default:
      return (bytes_.ConsumeBool() ? "dyn(" : "type(") + next() + ")";
    }
  }

 private:
  std::string call(int depth) {
    const Call& call = calls_[bytes_.ConsumeIntegralInRange<std::size_t>(0, calls_.size() - 1)];
    std::string text;
    std::size_t first = 0;
    if (call.member) {
      text = expression(depth - 1) + ".";
      first = 1;
    }
    text += call.name + "(";
    for (std::size_t i = first; i < call.arguments; ++i)
      text += (i > first ? ", " : "") + expression(depth - 1);
    return text + ")";
  }

  std::string macro(int depth) {
    static constexpr const char* kOne[] = {"all",    "exists", "exists_one", "map",
                                           "filter", "sortBy", "optMap",     "optFlatMap"};
    static constexpr const char* kTwo[] = {"all",           "exists",       "existsOne",
                                           "transformList", "transformMap", "transformMapEntry"};
    const std::string range = expression(depth - 1);
    const bool two = bytes_.ConsumeBool();
    const std::string name = two ? bytes_.PickValueInArray(kTwo) : bytes_.PickValueInArray(kOne);
    const std::string a = "a" + std::to_string(depth);
    const std::string b = "b" + std::to_string(depth);
    const std::size_t before = names_.size();
    names_.push_back(a);
    if (two) names_.push_back(b);
    const std::string body = expression(depth - 1);
    names_.resize(before);
    return range + "." + name + "(" + a + (two ? ", " + b : "") + ", " + body + ")";
  }

  std::string field() {
    static constexpr const char* kFields[] = {"k", "s", "u", "none", "`a-b`"};
    return bytes_.PickValueInArray(kFields);
  }

  std::string leaf() {
    if (!names_.empty() && bytes_.ConsumeBool())
      return names_[bytes_.ConsumeIntegralInRange<std::size_t>(0, names_.size() - 1)];
    static constexpr const char* kLeaves[] = {"x",
                                              "n",
                                              "s",
                                              "l",
                                              "m",
                                              "u",
                                              "authorizer",
                                              "null",
                                              "true",
                                              "false",
                                              "0",
                                              "1",
                                              "-1",
                                              "2u",
                                              "9223372036854775807",
                                              "-9223372036854775808",
                                              "18446744073709551615u",
                                              "0.5",
                                              "-0.0",
                                              "1e308",
                                              "double('NaN')",
                                              "double('Infinity')",
                                              "''",
                                              "'k'",
                                              "'%s %d %.2f %x %e'",
                                              "'[a-z]+(.)'",
                                              "b'\\xff'",
                                              "'1Gi'",
                                              "'10.0.0.0/8'",
                                              "'::1'",
                                              "'https://a.b:1/c?d=e'",
                                              "'1.2.3-rc.1'",
                                              "'2024-02-29T23:59:60Z'",
                                              "'Europe/Berlin'",
                                              "'-1h0.5s'",
                                              "'dns1123Label'",
                                              "timestamp('9999-12-31T23:59:59Z')",
                                              "timestamp('0001-01-01T00:00:00Z')",
                                              "duration('87600h')",
                                              "optional.none()",
                                              "optional.of(1)",
                                              "[]",
                                              "{}",
                                              "[1, 'a', 2.0]",
                                              "{'k': 1, 2: 'b'}",
                                              "int",
                                              "list",
                                              "lists.range(5)",
                                              "quantity('2k')",
                                              "ip('1.2.3.4')",
                                              "cidr('10.0.0.0/8')",
                                              "url('http://a/b')",
                                              "semver('1.2.3')",
                                              "format.dns1123Label()"};
    return bytes_.PickValueInArray(kLeaves);
  }

  FuzzedDataProvider& bytes_;
  const std::vector<Call>& calls_;
  std::vector<std::string> names_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Environment environment = make_environment(Environment::standard());
  static const Environment policies = make_environment(Environment::kubernetes());
  static const Activation activation = make_activation();
  static const std::vector<Call> calls = make_calls(environment);
  FuzzedDataProvider bytes(data, size);
  const std::string text = Writer(bytes, calls).expression(6);
  const Limits limits{20'000};
  CompileOptions unchecked;
  unchecked.check = false;
  const auto loose = compile(environment, text, unchecked);
  if (!loose) return 0;
  const std::string without_types = loose->run(activation, limits).value.to_string(500);
  if (const auto restricted = compile(policies, text)) {
    (void)restricted->run(activation, limits).value;
  }
  const auto program = compile(environment, text);
  if (!program) return 0;
  const auto outcome = program->run(activation, limits);
  const std::string shown = outcome.value.to_string(500);
  if (outcome.value.owned().to_string(500) != shown) std::abort();
  const auto again = program->run(activation, limits);
  if (again.cost != outcome.cost || again.value.to_string(500) != shown) std::abort();
  if (!outcome.value.is_abnormal() && shown != without_types) std::abort();
  const CostEstimate estimate = program->estimate();
  if (estimate.min > estimate.max) std::abort();
  return 0;
}
