#include "cli/doctor.h"

#include "agent/places.h"
#include "base/files.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/pipeline.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

int run(Context& context) {
  std::vector<host::Port> ports;
  std::string name = context.options.stack.empty() ? "home" : context.options.stack;
  if (exists(context.options.file)) {
    catalogue::Problems problems;
    const std::unique_ptr<ResolvedStack> resolved = resolve_stack(context.options, problems);
    if (!resolved) return context.fail(problems);
    name = resolved->stack.name;
    ports.push_back(
        {resolved->stack.listen_address, static_cast<std::uint16_t>(resolved->stack.listen_port)});
  }
  const std::vector<host::Check> checks = examine_machine(name, ports);
  if (context.json()) {
    context.print_json(to_value(checks));
  } else {
    context.terminal.print(describe_checks(checks, context.terminal, true));
  }
  return has_failed(checks) ? kUnsupported : kSuccess;
}

} // namespace

void add_doctor(CLI::App& command, Invocation& invocation) {
  command.callback([&invocation] { invocation.run = run; });
}

} // namespace allod::cli
