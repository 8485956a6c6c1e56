#include <iostream>
#include <memory>

#include <unistd.h>

#include "agent/background.h"
#include "agent/places.h"
#include "base/files.h"
#include "cli/agent_service.h"
#include "cli/apply_progress.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

struct Options {
  std::string confirm;
};

/// The stack's name must be typed, or given.
Status confirmed(Context& context, const std::string& stack, const Options& options) {
  std::string answer = options.confirm;
  if (answer.empty() && ::isatty(STDIN_FILENO) == 1) {
    context.terminal.note("This removes the stack \"" + stack +
                          "\" with all its data and keys. There is no way back.");
    context.terminal.note("Type its name to go on:");
    std::getline(std::cin, answer);
  }
  if (answer == stack) return {};
  return Error(ErrorCode::invalid_input, "the stack's name was not given; nothing was removed")
      .with_hint("without a terminal: allod destroy --confirm " + stack);
}

int run(Context& context, const Options& options) {
  if (Status root = need_root("destroy"); !root) return context.fail(root.error());
  const Result<std::string> stack = find_stack(context.options);
  if (!stack) return context.fail(stack.error());
  if (!is_directory(agent::Places::of(*stack).state())) {
    return context.fail(
        Error(ErrorCode::not_found, "there is no stack \"" + *stack + "\" on this machine"));
  }
  if (Status sure = confirmed(context, *stack, options); !sure) return context.fail(sure.error());
  if (Status running = ensure_agent(context.options, *stack); !running)
    return context.fail(running.error());
  Result<agent::ApiClient> client = agent::ApiClient::connect(agent::Places::of(*stack));
  if (!client) return context.fail(client.error());
  ApplyProgress progress(context.terminal);
  const Result<document::Value> outcome =
      client->call("destroy", document::Value::map(),
                   [&](const std::string& method, const document::Value& notification) {
                     progress.take(method, notification);
                   });
  progress.finish();
  if (!outcome) return context.fail(outcome.error());
  if (const Status closed = client->wait_closed(std::chrono::seconds(30)); !closed)
    return context.fail(closed.error());
  if (Status forgotten = agent::forget_agent_in_background(agent::Places::of(*stack)); !forgotten)
    return context.fail(forgotten.error());
  if (context.json()) {
    context.print_json(*outcome);
    return kSuccess;
  }
  for (const std::string& what : outcome->strings_at("removed"))
    context.terminal.print("removed " + what + "\n");
  return kSuccess;
}

} // namespace

void add_destroy(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_option("--confirm", options->confirm, "the stack's name, instead of typing it")
      ->type_name("NAME");
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
