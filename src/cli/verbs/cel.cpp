#include <filesystem>
#include <memory>

#include "cli/cel_input.h"
#include "cli/cel_tests.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "document/document_file.h"
#include "document/yaml_writer.h"

namespace allod::cli {
namespace {

using document::Value;

struct EvalOptions {
  std::string expression;
  std::string input;
  std::vector<std::string> variables;
  bool cost = false;
};

Value names_of(const std::set<std::string>& names) {
  Value list = Value::list();
  for (const std::string& name : names)
    list.push(Value(name));
  return list;
}

int show(Context& context, const cel::Program::Outcome& outcome, bool cost) {
  const bool unknown = outcome.value.is(cel::Kind::unknown);
  if (context.json()) {
    Value report = Value::map();
    report.set(unknown ? "unknown" : "value",
               unknown ? names_of(outcome.value.as_unknown()) : show_cel(outcome.value));
    report.set("type", Value(outcome.value.type_name()));
    report.set("cost", Value(static_cast<std::int64_t>(outcome.cost)));
    context.print_json(report);
    return unknown ? kFailure : kSuccess;
  }
  if (unknown) {
    std::string text = "unknown, for want of:\n";
    for (const std::string& name : outcome.value.as_unknown())
      text += "  " + name + "\n";
    context.terminal.print(text);
  } else {
    context.terminal.print(document::write_yaml(show_cel(outcome.value)));
  }
  if (cost) context.terminal.note("cost " + std::to_string(outcome.cost));
  return unknown ? kFailure : kSuccess;
}

/// A fault of the expression on the command line, which is in no file.
int fail_in_expression(Context& context, Error error) {
  if (error.place()) {
    Place place = *error.place();
    place.file = "(expression)";
    error = std::move(error).at(std::move(place));
  }
  return context.fail(error);
}

int eval(Context& context, const EvalOptions& options) {
  CelInput input;
  if (!options.input.empty()) {
    const auto value = read_cel_input(options.input);
    if (!value) return context.fail(value.error());
    input.set_input(*value);
  }
  for (const std::string& variable : options.variables) {
    if (const Status status = input.set_from_text(variable); !status) {
      return context.fail(status.error());
    }
  }
  const auto program = cel::compile(input.environment(), options.expression);
  if (!program) return fail_in_expression(context, program.error());
  const auto outcome = program->run(input.activation());
  if (outcome.value.is(cel::Kind::error)) {
    // Once more, for the error with its place.
    fail_in_expression(context, program->evaluate(input.activation()).error());
    return kFailure;
  }
  return show(context, outcome, options.cost);
}

int test(Context& context, const std::vector<std::string>& files) {
  std::size_t failed = 0;
  std::size_t passed = 0;
  Value list = Value::list();
  for (const std::string& path : files) {
    const auto file = document::read_document_file(path);
    if (!file) return context.fail(file.error());
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const auto results = run_cel_tests(*file, folder.empty() ? "." : folder);
    if (!results) return context.fail(results.error());
    for (const CelTestResult& result : *results) {
      const bool good = result.failure.empty();
      ++(good ? passed : failed);
      Value entry = Value::map();
      entry.set("name", Value(result.name));
      entry.set("place", Value(format_place(result.place)));
      entry.set("passed", Value(good));
      if (!good) entry.set("failure", Value(result.failure));
      list.push(std::move(entry));
      if (context.json()) continue;
      context.terminal.print(
          good ? context.terminal.paint(Colour::green, "ok    ") + result.name + "\n"
               : context.terminal.paint(Colour::red, "FAIL  ") + result.name + "\n      " +
                     format_place(result.place) + ": " + result.failure + "\n");
    }
  }
  if (context.json()) {
    Value report = Value::map();
    report.set("passed", Value(static_cast<std::int64_t>(passed)));
    report.set("failed", Value(static_cast<std::int64_t>(failed)));
    report.set("tests", std::move(list));
    context.print_json(report);
  } else {
    context.terminal.print(std::to_string(passed) + " passed, " + std::to_string(failed) +
                           " failed\n");
  }
  return failed == 0 ? kSuccess : kFailure;
}

} // namespace

void add_cel(CLI::App& command, Invocation& invocation) {
  command.require_subcommand(1);
  auto options = std::make_shared<EvalOptions>();
  CLI::App* one = command.add_subcommand("eval", "evaluate an expression and print its value");
  one->add_option("expression", options->expression, "the expression")->required();
  one->add_option("-i,--input", options->input, "YAML or JSON for `object` and `self`; - reads it")
      ->type_name("FILE");
  one->add_option("--var", options->variables, "a variable: name=YAML, name=@FILE, name=?")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  one->add_flag("--cost", options->cost, "say what Kubernetes counts for it");
  one->callback([options, &invocation] {
    invocation.run = [options](Context& context) { return eval(context, *options); };
  });
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* many = command.add_subcommand("test", "run files of expressions and expected results");
  many->add_option("files", *files, "the files")->type_name("FILE")->required();
  many->callback([files, &invocation] {
    invocation.run = [files](Context& context) { return test(context, *files); };
  });
}

} // namespace allod::cli
