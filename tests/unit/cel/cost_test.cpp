// What evaluations cost in Kubernetes' units, against what its own library counted.
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support.h"

namespace allod::cel {
namespace {

using Json = nlohmann::json;

Value value_of(const Json& json) {
  switch (json.type()) {
  case Json::value_t::boolean:
    return Value::of_bool(json.get<bool>());
  case Json::value_t::number_integer:
  case Json::value_t::number_unsigned:
    return Value::of_int(json.get<std::int64_t>());
  case Json::value_t::string:
    return Value::string(json.get<std::string>());
  case Json::value_t::array: {
    std::vector<Value> elements;
    for (const Json& element : json)
      elements.push_back(value_of(element));
    return Value::list(std::move(elements));
  }
  case Json::value_t::object: {
    std::vector<std::pair<Value, Value>> entries;
    for (const auto& member : json.items())
      entries.emplace_back(Value::string(member.key()), value_of(member.value()));
    return Value::map(std::move(entries));
  }
  default:
    return Value::null();
  }
}

TEST(Cost, IsWhatKubernetesCounts) {
  std::ifstream file(std::string(ALLOD_SOURCE_DIR) + "/tests/conformance/kubernetes-costs.json");
  const Json reference = Json::parse(file);
  Environment environment = Environment::standard();
  environment.declare("object", Type::dyn());
  Activation activation;
  activation.set_slot(environment.slot("object"), value_of(reference.at("object")));
  for (const Json& one : reference.at("cases")) {
    const auto expression = one.at("expression").get<std::string>();
    const auto program = compile(environment, expression);
    ASSERT_TRUE(program) << expression << ": " << program.error().message();
    const std::uint64_t cost = program->run(activation).cost;
    EXPECT_EQ(cost, one.at("cost").get<std::uint64_t>()) << expression;
    const auto few = [](const std::vector<std::string>&) { return std::uint64_t{4}; };
    const CostEstimate estimate = program->estimate(few);
    EXPECT_LE(estimate.min, cost) << expression;
    EXPECT_GE(estimate.max, cost) << expression;
  }
}

TEST(Cost, EndsAnEvaluation) {
  Environment environment = Environment::standard();
  environment.declare("n", Type::int64());
  const auto program = compile(environment, "lists.range(n).all(x, x >= 0) || true");
  ASSERT_TRUE(program);
  Limits limits;
  limits.cost = kKubernetesCallLimit;
  Activation activation;
  activation.set_slot(environment.slot("n"), Value::of_int(1000));
  EXPECT_FALSE(program->run(activation, limits).value.is(Kind::error));
  activation.set_slot(environment.slot("n"), Value::of_int(1'000'000));
  const auto outcome = program->run(activation, limits);
  ASSERT_TRUE(outcome.value.is(Kind::error));
  EXPECT_LT(outcome.cost, 2 * kKubernetesCallLimit);
}

TEST(Cost, IsEstimatedFromSizes) {
  Environment environment = Environment::standard();
  environment.declare("self", Type::dyn());
  const auto program =
      compile(environment, "self.items.all(i, self.items.exists(j, i.name == j.name))");
  ASSERT_TRUE(program);
  EXPECT_EQ(program->estimate().max, UINT64_MAX);
  const SizeHints hints = [](const std::vector<std::string>& path) -> std::optional<std::uint64_t> {
    return path.back() == "items" ? 10 : path.back() == "name" ? 20 : 1;
  };
  const CostEstimate estimate = program->estimate(hints);
  EXPECT_GT(estimate.max, 10U * 10U * 5U);
  EXPECT_LT(estimate.max, 10U * 10U * 50U);
}

} // namespace
} // namespace allod::cel
