#include "agent/places.h"
#include "base/files.h"
#include "cli/agent_service.h"
#include "cli/apply_progress.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

int run(Context& context) {
  if (Status root = need_root("down"); !root) return context.fail(root.error());
  const Result<std::string> stack = find_stack(context.options);
  if (!stack) return context.fail(stack.error());
  if (!exists(agent::Places::of(*stack).state_file())) {
    return context.fail(
        Error(ErrorCode::not_found, "there is no stack \"" + *stack + "\" on this machine"));
  }
  // An agent that was killed left units behind: a new one takes them up and stops them in order.
  if (Status running = ensure_agent(context.options, *stack); !running)
    return context.fail(running.error());
  Result<agent::ApiClient> client = connect_agent(context.options);
  if (!client) return context.fail(client.error());
  ApplyProgress progress(context.terminal);
  document::Value parameters = document::Value::map();
  parameters.set("exit", true);
  const Result<document::Value> outcome = client->call(
      "down", parameters, [&](const std::string& method, const document::Value& notification) {
        progress.take(method, notification);
      });
  progress.finish();
  if (!outcome) return context.fail(outcome.error());
  if (const Status closed = client->wait_closed(std::chrono::seconds(30)); !closed)
    return context.fail(closed.error());
  if (context.json()) {
    context.print_json(*outcome);
  } else {
    context.terminal.note("Stack " + *stack +
                          " is stopped; its volumes are locked. allod up starts it again.");
  }
  return kSuccess;
}

} // namespace

void add_down(CLI::App& command, Invocation& invocation) {
  command.callback([&invocation] { invocation.run = run; });
}

} // namespace allod::cli
