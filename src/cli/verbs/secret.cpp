#include <memory>

#include "cli/agent_service.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

using document::Value;

Result<Value> listed(agent::ApiClient& client) {
  return client.call("secrets");
}

int list(Context& context) {
  Result<agent::ApiClient> client = connect_agent(context.options);
  if (!client) return context.fail(client.error());
  const Result<Value> secrets = listed(*client);
  if (!secrets) return context.fail(secrets.error());
  if (context.json()) {
    context.print_json(*secrets);
    return kSuccess;
  }
  std::vector<std::vector<std::string>> rows = {{"NAME", "SHOWN AS", "MADE", "WHAT IT IS"}};
  for (const Value& secret : secrets->find("secrets")->items()) {
    rows.push_back({secret.string_or("name", ""), secret.string_or("shownAs", ""),
                    secret.string_or("created", ""), secret.string_or("title", "")});
  }
  context.terminal.print(format_table(rows));
  return kSuccess;
}

/// The full name of a secret from the name that people use.
std::string full_name(const Value& secrets, const std::string& name) {
  for (const Value& secret : secrets.find("secrets")->items()) {
    if (secret.string_or("shownAs", "") == name) return secret.string_or("name", "");
  }
  return name;
}

int show(Context& context, const std::string& name) {
  if (Status root = need_root("secret show"); !root) return context.fail(root.error());
  Result<agent::ApiClient> client = connect_agent(context.options);
  if (!client) return context.fail(client.error());
  const Result<Value> secrets = listed(*client);
  if (!secrets) return context.fail(secrets.error());
  Value parameters = Value::map();
  parameters.set("name", full_name(*secrets, name));
  Result<Value> secret = client->call("secret", parameters);
  if (!secret)
    return context.fail(std::move(secret).error().with_hint("allod secret list names them"));
  if (context.json()) {
    context.print_json(*secret);
  } else {
    context.terminal.print(secret->string_or("text", "") + "\n");
  }
  return kSuccess;
}

} // namespace

void add_secret(CLI::App& command, Invocation& invocation) {
  command.require_subcommand(1);
  command.add_subcommand("list", "names and what they are for")->callback([&invocation] {
    invocation.run = list;
  });
  auto name = std::make_shared<std::string>();
  CLI::App* child = command.add_subcommand("show", "one, in plain; that it was shown is recorded");
  child->add_option("NAME", *name, "its name, or the short one it is shown as")->required();
  child->callback([&invocation, name] {
    invocation.run = [name](Context& context) { return show(context, *name); };
  });
}

} // namespace allod::cli
