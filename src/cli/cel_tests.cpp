#include "cli/cel_tests.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/cel_input.h"
#include "document/cel_value.h"
#include "document/json_writer.h"

namespace allod::cli {
namespace {

using document::Member;
using document::Value;

constexpr std::array<std::string_view, 5> kFileKeys{"input", "inputFile", "variables", "unknown",
                                                    "tests"};
constexpr std::array<std::string_view, 10> kTestKeys{
    "name",    "expression", "input",       "inputFile",     "variables",
    "unknown", "expect",     "expectError", "expectUnknown", "maxCost"};

template<std::size_t N>
Status only_keys(const Value& map, const std::array<std::string_view, N>& known) {
  for (const Member& member : map.members()) {
    if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    return document::error_at(member.key_mark, "the key \"" + member.key + "\" is not known here")
        .with_hint(document::suggestion(
            member.key, std::vector<std::string>(known.begin(), known.end()), "keys"));
  }
  return {};
}

/// What a file or a test says about values; the test's own come last and win.
Status apply(const Value& map, const std::string& folder, CelInput& input) {
  if (const Value* value = map.find("input")) input.set_input(*value);
  if (const Value* name = map.find("inputFile")) {
    if (!name->is_string()) return document::error_at(name->mark(), "a path is wanted here");
    const std::string& path = name->as_string();
    auto read = read_cel_input(path.starts_with('/') ? path : folder + "/" + path);
    if (!read) return std::move(read).error();
    input.set_input(*read);
  }
  if (const Value* variables = map.find("variables")) {
    if (!variables->is_map()) return document::error_at(variables->mark(), "a map is wanted here");
    for (const Member& member : variables->members())
      input.set(member.key, member.value);
  }
  for (const std::string& name : map.strings_at("unknown"))
    input.set_unknown(name);
  return {};
}

/// Why the outcome is not what was expected; empty when it is.
std::string judge(const Value& test, const cel::Program::Outcome& outcome) {
  const Value* cost = test.find("maxCost");
  if (cost != nullptr && cost->is_integer() &&
      outcome.cost > static_cast<std::uint64_t>(std::max<std::int64_t>(0, cost->as_integer()))) {
    return "it costs " + std::to_string(outcome.cost) + ", more than " +
           std::to_string(cost->as_integer());
  }
  const cel::Value& value = outcome.value;
  if (const Value* wanted = test.find("expectError")) {
    if (!value.is(cel::Kind::error)) return "it gives " + value.to_string(300) + ", not an error";
    const std::string& message = value.as_error().message;
    const std::string part = wanted->is_string() ? wanted->as_string() : "";
    return message.find(part) != std::string::npos ? "" : "its error is: " + message;
  }
  if (value.is(cel::Kind::error)) return "it fails: " + value.as_error().message;
  if (test.contains("expectUnknown")) {
    if (!value.is(cel::Kind::unknown)) return "it is known: " + value.to_string(300);
    for (const std::string& name : test.strings_at("expectUnknown")) {
      if (!value.as_unknown().contains(name)) return "it depends on " + value.to_string(300);
    }
    return "";
  }
  const Value wanted = test.contains("expect") ? *test.find("expect") : Value(true);
  if (value == document::to_cel(wanted) || show_cel(value) == wanted) return "";
  return "it gives " + value.to_string(300) + ", not " + document::write_json(wanted);
}

Result<CelTestResult> run_one(const Value& file, const Value& test, const std::string& folder) {
  if (!test.is_map()) return document::error_at(test.mark(), "a test is a map");
  if (auto status = only_keys(test, kTestKeys); !status) return std::move(status).error();
  const Value* expression = test.find("expression");
  if (expression == nullptr || !expression->is_string()) {
    return document::error_at(test.mark(), "a test needs an expression, which is a text");
  }
  CelInput input;
  for (const Value* map : {&file, &test}) {
    if (auto status = apply(*map, folder, input); !status) return std::move(status).error();
  }
  CelTestResult result{test.string_or("name", expression->as_string()), expression->mark().place(),
                       ""};
  const auto program = cel::compile(input.environment(), expression->as_string());
  if (program) {
    result.failure = judge(test, program->run(input.activation()));
    return result;
  }
  const Value* wanted = test.find("expectError");
  const std::string& message = program.error().message();
  if (wanted == nullptr || !wanted->is_string() ||
      message.find(wanted->as_string()) == std::string::npos) {
    result.failure = "it does not compile: " + message;
  }
  return result;
}

} // namespace

Result<std::vector<CelTestResult>> run_cel_tests(const Value& file, const std::string& folder) {
  const Value* tests = file.find("tests");
  if (tests == nullptr || !tests->is_list()) {
    return document::error_at(file.mark(), "a file of tests needs the key \"tests\" with a list");
  }
  if (auto status = only_keys(file, kFileKeys); !status) return std::move(status).error();
  std::vector<CelTestResult> results;
  for (const Value& test : tests->items()) {
    auto result = run_one(file, test, folder);
    if (!result) return std::move(result).error();
    results.push_back(std::move(*result));
  }
  return results;
}

} // namespace allod::cli
