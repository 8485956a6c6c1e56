// Evaluates the expressions of a file over one object, read in place as `allod check` reads it, and
// prints processor nanoseconds, result and cost of each as JSON: the same as peer/main.go does.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "cel/cel.h"
#include "document/json_reader.h"
#include "document/json_writer.h"
#include "manifest/document.h"
#include "manifest/yaml.h"

namespace {

using namespace allod;

std::string read_file(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

[[noreturn]] void fail(const Error& error) {
  std::cerr << error.message() << "\n";
  std::exit(1);
}

double processor_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// Runs for about so many nanoseconds and gives those of one evaluation.
double measure(const cel::Program& program, const cel::Activation& variables, double duration) {
  for (std::uint64_t count = 16;; count *= 2) {
    const double start = processor_nanoseconds();
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto outcome = program.run(variables);
      if (outcome.value.is(cel::Kind::unknown)) std::abort();
    }
    const double spent = processor_nanoseconds() - start;
    if (spent > duration) return spent / static_cast<double>(count);
  }
}

std::string result_of(const cel::Value& value) {
  if (value.is(cel::Kind::string)) return std::string(value.as_string());
  return value.to_string();
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2; // EXPRESSIONS OBJECT MILLISECONDS
  const auto cases = document::read_json(argv[1], read_file(argv[1]));
  if (!cases) fail(cases.error());
  manifest::Document object;
  object.reset(argv[2]);
  object.set_text(read_file(argv[2]));
  if (const Status read = manifest::read_json(object); !read) fail(read.error());
  const double duration = std::atof(argv[3]) * 1e6;

  cel::Environment environment = cel::Environment::standard();
  environment.declare("object", cel::Type::dyn());
  cel::Activation variables;
  variables.set_slot(environment.slot("object"), object.roots()[0].value());

  document::Value figures = document::Value::list();
  for (const document::Value& one : cases->items()) {
    document::Value figure = document::Value::map();
    figure.set("name", document::Value(one.string_or("name", "")));
    const auto program = cel::compile(environment, one.string_or("expression", ""));
    if (!program) {
      figure.set("result", document::Value("does not compile: " + program.error().message()));
      figures.push(std::move(figure));
      continue;
    }
    const auto outcome = program->run(variables);
    figure.set("result", document::Value(result_of(outcome.value)));
    figure.set("cost", document::Value(static_cast<std::int64_t>(outcome.cost)));
    if (duration > 0) {
      figure.set("ns", document::Value(measure(*program, variables, duration)));
    }
    figures.push(std::move(figure));
  }
  std::cout << document::write_json(figures) << "\n";
}
