#include "cli/context.h"

#include <cstdlib>

#include <unistd.h>

#include "agent/places.h"
#include "base/files.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "document/diagnostics.h"
#include "document/document_file.h"
#include "document/json_writer.h"

namespace allod::cli {
namespace {

document::DiagnosticOptions diagnostic_options(const Terminal& terminal) {
  document::DiagnosticOptions options;
  options.colour = terminal.has_colour();
  options.width = terminal.width();
  return options;
}

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

std::string program_folder() {
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return ".";
  const std::string program(path, static_cast<std::size_t>(length));
  return program.substr(0, program.rfind('/'));
}

} // namespace

void Context::print_json(const document::Value& value) {
  terminal.print(document::write_json(value, document::JsonLayout::pretty));
}

int Context::fail(const Error& error) {
  if (json()) {
    document::Value value = document::Value::map();
    value.set("errors", document::Value(document::Value::List{document::to_json(error)}));
    print_json(value);
  } else {
    terminal.complain(trimmed(document::render(error, diagnostic_options(terminal))));
  }
  return exit_code(error.code());
}

int Context::fail(const catalogue::Problems& problems) {
  if (problems.size() == 1) return fail(problems.front());
  if (json()) {
    document::Value list = document::Value::list();
    for (const Error& problem : problems)
      list.push(document::to_json(problem));
    document::Value value = document::Value::map();
    value.set("errors", std::move(list));
    print_json(value);
  } else {
    terminal.complain(trimmed(document::render(problems, diagnostic_options(terminal))));
  }
  return problems.empty() ? kFailure : exit_code(problems.front().code());
}

Result<std::string> find_catalogue(const GlobalOptions& options) {
  const char* variable = std::getenv("ALLOD_CATALOGUE");
  std::vector<std::string> candidates;
  if (!options.catalogue.empty()) {
    candidates = {options.catalogue};
  } else if (variable != nullptr && *variable != '\0') {
    candidates = {variable};
  } else {
    candidates = {program_folder() + "/../share/allod/catalogue", ALLOD_BUILD_CATALOGUE};
  }
  for (const std::string& candidate : candidates) {
    if (is_directory(candidate + "/schemas")) return candidate;
  }
  return Error(ErrorCode::not_found, "no catalogue in " + join(candidates, " or "))
      .with_hint("name one with --catalogue or ALLOD_CATALOGUE");
}

std::vector<std::string> stacks_here() {
  std::vector<std::string> stacks;
  const std::string root = agent::Places::of("x").state_root;
  const Result<std::vector<std::string>> names = list_directory(root);
  if (!names) return stacks;
  for (const std::string& name : *names) {
    if (exists(root + "/" + name + "/state.db")) stacks.push_back(name);
  }
  return stacks;
}

Result<std::string> find_stack(const GlobalOptions& options) {
  if (!options.stack.empty()) return options.stack;
  if (exists(options.file)) {
    const Result<document::Value> declaration = document::read_document_file(options.file);
    if (!declaration) return declaration.error();
    const document::Value* name = declaration->at_path({"metadata", "name"});
    if (name != nullptr && name->is_string()) return name->as_string();
  }
  const std::vector<std::string> stacks = stacks_here();
  if (stacks.size() == 1) return stacks.front();
  if (stacks.empty()) {
    return Error(ErrorCode::not_found,
                 "there is no stack on this machine and no " + options.file + " in this folder")
        .with_hint("start with: allod init && allod up");
  }
  return Error(ErrorCode::not_found, "there are several stacks on this machine")
      .with_hint("name one with --stack: " + join(stacks, ", "));
}

Status need_root(const std::string& verb) {
  if (::geteuid() == 0) return {};
  return Error(ErrorCode::permission,
               "allod " + verb + " needs root: it makes namespaces, mounts and containers")
      .with_hint("type: sudo allod " + verb);
}

} // namespace allod::cli
