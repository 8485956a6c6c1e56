// How long compiling and evaluating typical expressions takes. Compare with the bare C++ loops in
// the same run: times alone say little about another machine.
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "cel/cel.h"

namespace allod::cel {
namespace {

Value text(std::string_view content) {
  return Value::string(std::string(content));
}

/// One resource as a policy sees it.
Value resource(int number) {
  const Value labels = Value::map({{text("app"), text("shop")}, {text("tier"), text("web")}});
  return Value::map({{text("name"), text("web-" + std::to_string(number))},
                     {text("replicas"), Value::of_int(number % 5 + 1)},
                     {text("image"), text("registry.local/shop/web:1.2.3")},
                     {text("labels"), labels}});
}

Environment environment() {
  Environment made = Environment::standard();
  made.declare("resource", Type::map());
  made.declare("resources", Type::list(Type::map()));
  made.declare("a", Type::int64());
  made.declare("b", Type::int64());
  return made;
}

Activation activation() {
  std::vector<Value> resources;
  for (int i = 0; i < 1000; ++i)
    resources.push_back(resource(i));
  Activation made;
  made.set("resource", resource(7));
  made.set("resources", Value::list(std::move(resources)));
  made.set("a", Value::of_int(40));
  made.set("b", Value::of_int(2));
  return made;
}

void evaluate(benchmark::State& state, const char* expression) {
  const auto program = compile(environment(), expression);
  if (!program) {
    state.SkipWithError(program.error().message().c_str());
    return;
  }
  const Activation variables = activation();
  for (auto _ : state)
    benchmark::DoNotOptimize(program->run(variables).value);
}

void compile_one(benchmark::State& state, const char* expression) {
  const Environment names = environment();
  for (auto _ : state)
    benchmark::DoNotOptimize(compile(names, expression).ok());
}

/// The peer: the same question in C++ over the same values.
void bare_exists(benchmark::State& state) {
  const Activation variables = activation();
  const Value resources = *variables.find("resources");
  for (auto _ : state) {
    bool found = false;
    for (const Value& one : *resources.elements()) {
      found = found || one.as_map().find("replicas")->as_int() > 5;
    }
    benchmark::DoNotOptimize(found);
  }
}

constexpr const char* kPolicy =
    "resource.labels.app == 'shop' && resource.replicas >= 2 && resource.image.startsWith("
    "'registry.local/') && resource.name.matches('^[a-z0-9-]+$')";

BENCHMARK_CAPTURE(evaluate, sum, "a + b * 2");
BENCHMARK_CAPTURE(evaluate, policy, kPolicy);
BENCHMARK_CAPTURE(evaluate, exists_in_1000, "resources.exists(r, r.replicas > 5)");
BENCHMARK_CAPTURE(evaluate, map_filter_1000,
                  "resources.filter(r, r.labels.tier == 'web').map(r, r.name).size()");
BENCHMARK_CAPTURE(compile_one, sum, "a + b * 2");
BENCHMARK_CAPTURE(compile_one, policy, kPolicy);
BENCHMARK(bare_exists);

} // namespace
} // namespace allod::cel

BENCHMARK_MAIN();
