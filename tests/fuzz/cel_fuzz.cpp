// Feeds arbitrary texts to the CEL library: whatever they are, compiling, estimating and evaluating
// them ends, what compiles with types evaluates to a value of the deduced kind or to an error,
// twice the same, and an owned copy of it looks the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cel/authorizer.h"
#include "cel/cel.h"

namespace {

using namespace allod::cel;

Environment make_environment() {
  Environment environment = Environment::standard();
  environment.declare("x", Type::dyn());
  environment.declare("n", Type::int64());
  environment.declare("s", Type::string());
  environment.declare("l", Type::list(Type::int64()));
  environment.declare("m", Type::map(Type::string(), Type::dyn()));
  environment.declare("u", Type::dyn());
  environment.declare_object("Pair", {{"first", Type::int64()}, {"second", Type::string()}});
  environment.declare("p", Type::object("Pair"));
  environment.declare("authorizer", Type::opaque("kubernetes.authorization.Authorizer"));
  environment.declare_mutation_types();
  return environment;
}

Activation make_activation() {
  const Value pair = Value::map({{Value::string("first"), Value::of_int(1)},
                                 {Value::string("second"), Value::string("two")}});
  Activation activation;
  activation.set("x", Value::list(std::vector<Value>{Value::null(), pair, Value::of_double(0.5)}));
  activation.set("n", Value::of_int(-3));
  activation.set("s", Value::string("täxt"));
  activation.set("l", Value::list(std::vector<Value>{Value::of_int(3), Value::of_int(1)}));
  activation.set("m", Value::map({{Value::string("k"), pair}}));
  activation.set("u", Value::unknown("u"));
  activation.set("p", pair);
  activation.set("authorizer", authorizer_value(nullptr));
  return activation;
}

/// A type that says what the value is must be right about it.
void check_type(const Type& type, const Value& value) {
  const bool abnormal = value.is_abnormal();
  const bool open = type.is(TypeKind::dyn) || type.is(TypeKind::parameter) ||
                    type.is(TypeKind::nullable) || type.is(TypeKind::object) || value.is_null();
  if (abnormal || open) return;
  if (type.runtime_name() != value.type_name()) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Environment environment = make_environment();
  static const Activation activation = make_activation();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Limits limits{20'000};
  CompileOptions unchecked;
  unchecked.check = false;
  if (const auto program = compile(environment, text)) {
    const auto outcome = program->run(activation, limits);
    check_type(program->result_type(), outcome.value);
    const std::string text_of_it = outcome.value.to_string(200);
    if (outcome.value.owned().to_string(200) != text_of_it) std::abort();
    if (program->run(activation, limits).cost != outcome.cost) std::abort();
    const CostEstimate estimate = program->estimate();
    if (estimate.min > estimate.max) std::abort();
  }
  if (const auto program = compile(environment, text, unchecked)) {
    (void)program->run(activation, limits).value;
  }
  if (const auto program = compile_template(environment, text)) {
    (void)program->run(activation, limits).value;
  }
  return 0;
}
