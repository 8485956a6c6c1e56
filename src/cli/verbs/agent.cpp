#include "agent/agent.h"

#include "cli/agent_service.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

int run(Context& context) {
  if (Status root = need_root("agent run"); !root) return context.fail(root.error());
  const Result<std::string> stack = find_stack(context.options);
  if (!stack) return context.fail(stack.error());
  Result<agent::AgentOptions> options = agent_options(context.options, *stack);
  if (!options) return context.fail(options.error());
  const Status ended = agent::run_agent(*options);
  return ended ? kSuccess : context.fail(ended.error());
}

int stop(Context& context) {
  Result<agent::ApiClient> client = connect_agent(context.options);
  if (!client) return context.fail(client.error());
  const Result<document::Value> told = client->call("shutdown");
  if (!told) return context.fail(told.error());
  const Status closed = client->wait_closed(std::chrono::seconds(30));
  if (!closed) return context.fail(closed.error());
  context.terminal.note("The agent has ended; the units run on. allod up starts it again.");
  return kSuccess;
}

int recover(Context& context) {
  if (Status root = need_root("agent recover"); !root) return context.fail(root.error());
  const Result<std::string> stack = find_stack(context.options);
  if (!stack) return context.fail(stack.error());
  const Result<std::string> kept = agent::recover_state(agent::Places::of(*stack));
  if (!kept) return context.fail(kept.error());
  context.terminal.note("The state is as it was after the last change." +
                        (kept->empty() ? std::string() : " What was there is kept: " + *kept) +
                        "\nStart the agent, which takes up the units that run: allod up");
  return kSuccess;
}

} // namespace

void add_agent(CLI::App& command, Invocation& invocation) {
  command.require_subcommand(1);
  command
      .add_subcommand("run",
                      "in the foreground, for an init system; SIGTERM leaves the units running")
      ->callback([&invocation] { invocation.run = run; });
  command.add_subcommand("stop", "end the agent; the units run on")->callback([&invocation] {
    invocation.run = stop;
  });
  command
      .add_subcommand("recover", "put the copy of the last change in the place of a state file "
                                 "that is damaged or lost")
      ->callback([&invocation] { invocation.run = recover; });
}

} // namespace allod::cli
