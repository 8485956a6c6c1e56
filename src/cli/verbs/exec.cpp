#include <cstdlib>
#include <memory>

#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/agent_service.h"
#include "cli/exit_code.h"
#include "cli/pipeline.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

using document::Value;

struct Options {
  std::string name;
  std::vector<std::string> command;
};

/// Runs a program on the user's terminal and gives its exit code.
int run_here(Context& context, const std::vector<std::string>& arguments) {
  const pid_t child = ::fork();
  if (child < 0) return context.fail(errno_error("fork"));
  if (child == 0) {
    std::vector<char*> pointers;
    for (const std::string& argument : arguments)
      pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    ::execv(pointers.front(), pointers.data());
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return kFailure;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool on_terminal() {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
}

Value parameters_for(const Options& options) {
  const std::size_t dot = options.name.find('.');
  Value parameters = Value::map();
  parameters.set("component", options.name.substr(0, dot));
  if (dot != std::string::npos) parameters.set("unit", options.name.substr(dot + 1));
  Value command = Value::list();
  for (const std::string& word : options.command)
    command.push(word);
  parameters.set("command", std::move(command));
  parameters.set("terminal", on_terminal());
  if (const char* terminal = std::getenv("TERM"); terminal != nullptr && on_terminal()) {
    Value environment = Value::map();
    environment.set("TERM", terminal);
    parameters.set("environment", std::move(environment));
  }
  return parameters;
}

int in_session(Context& context, agent::ApiClient& client, const Value& session) {
  const std::string id = session.string_or("id", "");
  const int code = run_here(context, {session.string_or("runtime", ""), "--root",
                                      session.string_or("runtimeRoot", ""), "run", "--bundle",
                                      session.string_or("bundle", ""), id});
  Value parameters = Value::map();
  parameters.set("id", id);
  const Result<Value> ended = client.call("session-end", parameters);
  return ended || code != kSuccess ? code : context.fail(ended.error());
}

int in_unit(Context& context, const Value& unit, const Options& options) {
  const std::string user = std::to_string(unit.integer_or("user", 65534));
  std::vector<std::string> arguments = {unit.string_or("runtime", ""),
                                        "--root",
                                        unit.string_or("runtimeRoot", ""),
                                        "exec",
                                        "--user",
                                        user + ":" + user,
                                        "--env",
                                        "HOME=" + unit.string_or("home", "/")};
  if (on_terminal()) {
    arguments.emplace_back("--tty");
    if (const char* terminal = std::getenv("TERM")) {
      arguments.emplace_back("--env");
      arguments.push_back("TERM=" + std::string(terminal));
    }
  }
  arguments.push_back(unit.string_or("id", ""));
  arguments.insert(arguments.end(), options.command.begin(), options.command.end());
  return run_here(context, arguments);
}

int run(Context& context, const Options& options) {
  if (Status root = need_root("exec"); !root) return context.fail(root.error());
  Result<agent::ApiClient> client = connect_agent(context.options);
  if (!client) return context.fail(client.error());
  const Value parameters = parameters_for(options);
  const Result<Value> session = client->call("session", parameters);
  if (session) return in_session(context, *client, *session);
  const Result<Value> unit = client->call("unit-exec", parameters);
  if (unit) return in_unit(context, *unit, options);
  return context.fail(unit.error().code() == ErrorCode::not_found ? unit.error() : session.error());
}

} // namespace

void add_exec(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_option("NAME", options->name, "a component or COMPONENT.UNIT")->required();
  command.add_option("COMMAND", options->command, "the program and its arguments, behind --")
      ->required();
  command.prefix_command(false);
  command.positionals_at_end(false);
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
