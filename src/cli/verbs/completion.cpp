#include "cli/completion.h"

#include <memory>

#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

int run(Context& context, const std::string& shell) {
  GlobalOptions options;
  Invocation invocation;
  CLI::App app;
  build_command_line(app, options, invocation);
  context.terminal.print(shell == "bash"  ? bash_completion(app)
                         : shell == "zsh" ? zsh_completion(app)
                                          : fish_completion(app));
  return kSuccess;
}

} // namespace

void add_completion(CLI::App& command, Invocation& invocation) {
  auto shell = std::make_shared<std::string>();
  command.add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command.callback([&invocation, shell] {
    invocation.run = [shell](Context& context) { return run(context, *shell); };
  });
}

} // namespace allod::cli
