#include "conformance.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>

namespace allod::cel {

namespace {

using Json = nlohmann::json;

void collect(const Json& suite, const std::string& path, std::map<std::string, int>& seen,
             std::vector<ConformanceCase>& out) {
  for (const Json& test : suite.value("tests", Json::array())) {
    const Json& original = test.at("original");
    std::string name = path + "/" + original.value("name", original.at("expr").get<std::string>());
    const int count = ++seen[name];
    if (count > 1) name += "#" + std::to_string(count);
    out.push_back({name, original, test.value("type", ""), test.contains("error")});
  }
  for (const Json& inner : suite.value("suites", Json::array())) {
    const auto name = inner.at("name").get<std::string>();
    collect(inner, path.empty() ? name : path + "/" + name, seen, out);
  }
}

std::string from_base64(const std::string& text) {
  const auto program = compile(Environment::standard(), "base64.decode('" + text + "')");
  return std::string(program->constant()->as_bytes());
}

std::int64_t signed_number(const Json& json) {
  return json.is_string() ? std::stoll(json.get<std::string>()) : json.get<std::int64_t>();
}

double real_number(const Json& json) {
  if (!json.is_string()) return json.get<double>();
  const auto text = json.get<std::string>();
  if (text == "Infinity") return INFINITY;
  if (text == "-Infinity") return -INFINITY;
  return text == "NaN" ? NAN : std::stod(text);
}

/// A Value message; nothing when it holds what only protobuf has.
std::optional<Value> value_of(const Json& json);

std::optional<Value> object_of(const Json& json) {
  const std::string type = json.value("@type", "");
  const auto text = [&] { return json.at("value").get<std::string>(); };
  const auto evaluated = [](const std::string& expression) {
    const auto program = compile(Environment::standard(), expression);
    return program->evaluate({}).value();
  };
  if (type.ends_with("/google.protobuf.Duration")) return evaluated("duration('" + text() + "')");
  if (type.ends_with("/google.protobuf.Timestamp")) return evaluated("timestamp('" + text() + "')");
  return std::nullopt;
}

std::optional<Value> list_of(const Json& json) {
  std::vector<Value> elements;
  for (const Json& element : json.value("values", Json::array())) {
    auto value = value_of(element);
    if (!value) return std::nullopt;
    elements.push_back(std::move(*value));
  }
  return Value::list(std::move(elements));
}

std::optional<Value> map_of(const Json& json) {
  std::vector<std::pair<Value, Value>> entries;
  for (const Json& entry : json.value("entries", Json::array())) {
    auto key = value_of(entry.at("key"));
    auto value = value_of(entry.at("value"));
    if (!key || !value) return std::nullopt;
    entries.emplace_back(std::move(*key), std::move(*value));
  }
  return Value::map(std::move(entries));
}

std::optional<Value> value_of(const Json& json) {
  const std::string kind = json.begin().key();
  const Json& content = json.begin().value();
  if (kind == "nullValue") return Value::null();
  if (kind == "boolValue") return Value::of_bool(content.get<bool>());
  if (kind == "int64Value") return Value::of_int(signed_number(content));
  if (kind == "uint64Value") return Value::of_uint(std::stoull(content.get<std::string>()));
  if (kind == "doubleValue") return Value::of_double(real_number(content));
  if (kind == "stringValue") return Value::string(content.get<std::string>());
  if (kind == "bytesValue") return Value::bytes(from_base64(content.get<std::string>()));
  if (kind == "typeValue") return Value::type(content.get<std::string>());
  if (kind == "listValue") return list_of(content);
  if (kind == "mapValue") return map_of(content);
  if (kind == "objectValue") return object_of(content);
  return std::nullopt;
}

std::optional<Type> type_of(const Json& json);

std::optional<Type> primitive_of(const std::string& name) {
  static const std::map<std::string, Type> types{
      {"BOOL", Type::boolean()},   {"INT64", Type::int64()},   {"UINT64", Type::uint64()},
      {"DOUBLE", Type::float64()}, {"STRING", Type::string()}, {"BYTES", Type::bytes()}};
  const auto found = types.find(name);
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Type> message_of(const std::string& name) {
  if (name == "google.protobuf.Timestamp") return Type::timestamp();
  if (name == "google.protobuf.Duration") return Type::duration();
  return std::nullopt;
}

std::optional<std::vector<Type>> types_of(const Json& list) {
  std::vector<Type> types;
  for (const Json& json : list) {
    auto type = type_of(json);
    if (!type) return std::nullopt;
    types.push_back(std::move(*type));
  }
  return types;
}

std::optional<Type> type_of(const Json& json) {
  const std::string kind = json.begin().key();
  const Json& content = json.begin().value();
  if (kind == "dyn") return Type::dyn();
  if (kind == "null") return Type::null();
  if (kind == "primitive") return primitive_of(content.get<std::string>());
  if (kind == "messageType") return message_of(content.get<std::string>());
  if (kind == "typeParam") return Type::parameter(content.get<std::string>());
  if (kind == "wrapper") {
    const auto scalar = primitive_of(content.get<std::string>());
    return scalar ? std::optional(Type::nullable(*scalar)) : std::nullopt;
  }
  if (kind == "type") {
    const auto of = content.empty() ? std::optional(Type::dyn()) : type_of(content);
    return of ? std::optional(Type::type(*of)) : std::nullopt;
  }
  if (kind == "listType") {
    const auto element = type_of(content.at("elemType"));
    return element ? std::optional(Type::list(*element)) : std::nullopt;
  }
  if (kind == "mapType") {
    const auto key = type_of(content.at("keyType"));
    const auto value = type_of(content.at("valueType"));
    return key && value ? std::optional(Type::map(*key, *value)) : std::nullopt;
  }
  if (kind == "abstractType") {
    auto parameters = types_of(content.value("parameterTypes", Json::array()));
    if (!parameters) return std::nullopt;
    const auto name = content.at("name").get<std::string>();
    if (name == "optional_type") return Type::optional(parameters->at(0));
    return Type::opaque(name, std::move(*parameters));
  }
  return std::nullopt;
}

bool declare_function(Environment& environment, const std::string& name, const Json& json) {
  Function function{name, {}};
  for (const Json& one : json.at("overloads")) {
    auto parameters = types_of(one.value("params", Json::array()));
    const auto result = type_of(one.at("resultType"));
    if (!parameters || !result) return false;
    function.overloads.push_back(
        {*parameters, *result, one.value("isInstanceFunction", false), {}, true});
  }
  // An overload that is there already stays.
  (void)environment.add(std::move(function)).ok();
  return true;
}

/// The same kind and content; NaN counts as the same as NaN here.
bool same(const Value& left, const Value& right) {
  if (left.kind() != right.kind()) return false;
  if (left.is(Kind::float64) && std::isnan(left.as_double())) return std::isnan(right.as_double());
  if (!left.is(Kind::list)) return left == right;
  if (left.as_list().size() != right.as_list().size()) return false;
  for (std::size_t i = 0; i < left.as_list().size(); ++i) {
    if (!same(left.as_list().at(i), right.as_list().at(i))) return false;
  }
  return true;
}

std::optional<std::string> check_type(const Program& program, const Json& test) {
  if (!test.contains("typedResult") || !test["typedResult"].contains("deducedType")) {
    return std::nullopt;
  }
  const auto wanted = type_of(test["typedResult"]["deducedType"]);
  if (!wanted) return "the type needs protobuf messages";
  if (program.result_type() == *wanted) return std::nullopt;
  return "deduces " + program.result_type().to_string() + ", not " + wanted->to_string();
}

std::optional<std::string> check_value(const Result<Value>& value, const Json& test) {
  if (test.contains("evalError")) {
    if (!value) return std::nullopt;
    return "gives " + value->to_string() + ", not an error";
  }
  if (!value) return "fails: " + value.error().message();
  Json wanted{{"boolValue", true}};
  if (test.contains("value")) wanted = test["value"];
  if (test.contains("typedResult")) wanted = test["typedResult"].at("result");
  const auto expected = value_of(wanted);
  if (!expected) return "the result needs protobuf messages";
  if (same(*value, *expected)) return std::nullopt;
  return "gives " + value->to_string() + ", not " + expected->to_string();
}

} // namespace

std::string conformance_folder() {
  const char* given = std::getenv("ALLOD_CEL_SPEC");
  return given != nullptr ? given : std::string(ALLOD_SOURCE_DIR) + "/build/cel-spec";
}

std::optional<std::vector<ConformanceCase>> load_cases(const std::string& file) {
  std::ifstream stream(conformance_folder() + "/" + file + ".json");
  if (!stream) return std::nullopt;
  std::vector<ConformanceCase> cases;
  std::map<std::string, int> seen;
  collect(Json::parse(stream), "", seen, cases);
  return cases;
}

std::optional<Environment> environment_of(const Json& test) {
  Environment environment = Environment::standard();
  environment.set_container(test.value("container", ""));
  for (const Json& declaration : test.value("typeEnv", Json::array())) {
    const auto name = declaration.at("name").get<std::string>();
    if (declaration.contains("ident")) {
      const auto type = type_of(declaration["ident"].at("type"));
      if (!type) return std::nullopt;
      environment.declare(name, *type);
    } else if (!declare_function(environment, name, declaration.at("function"))) {
      return std::nullopt;
    }
  }
  return environment;
}

std::optional<std::string> run_case(const ConformanceCase& one) {
  const Json& test = one.test;
  const auto environment = environment_of(test);
  if (!environment) return "a declaration needs protobuf messages";
  CompileOptions options;
  options.check = !test.value("disableCheck", false);
  const auto program = compile(*environment, test.at("expr").get<std::string>(), options);
  if (!program) return "does not compile: " + program.error().describe();
  if (auto problem = check_type(*program, test)) return problem;
  if (test.value("checkOnly", false)) return std::nullopt;
  Activation activation;
  const Json bindings = test.value("bindings", Json::object());
  for (const auto& [name, binding] : bindings.items()) {
    const auto value = value_of(binding.at("value"));
    if (!value) return "a binding needs protobuf messages";
    activation.set(name, *value);
  }
  return check_value(program->evaluate(activation), test);
}

} // namespace allod::cel
