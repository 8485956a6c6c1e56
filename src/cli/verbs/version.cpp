#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

int run(Context& context) {
  if (context.json()) {
    document::Value value = document::Value::map();
    value.set("version", ALLOD_VERSION);
    context.print_json(value);
  } else {
    context.terminal.print("allod " ALLOD_VERSION "\n");
  }
  return kSuccess;
}

} // namespace

void add_version(CLI::App& command, Invocation& invocation) {
  command.callback([&invocation] { invocation.run = run; });
}

} // namespace allod::cli
