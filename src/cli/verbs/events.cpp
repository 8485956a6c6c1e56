#include <memory>

#include "cli/agent_service.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "document/json_writer.h"

namespace allod::cli {
namespace {

using document::Value;

struct Options {
  bool follow = false;
  std::int64_t limit = 50;
};

void show(Context& context, const Value& event) {
  if (context.json()) {
    context.terminal.print(document::write_json(event) + "\n");
    return;
  }
  std::string line = event.string_or("time", "") + "  " +
                     event.string_or("resource", event.string_or("component", "")) + "  " +
                     event.string_or("what", "");
  const std::string action = event.string_or("action", "");
  const std::string detail = event.string_or("detail", "");
  if (!action.empty()) line += " → " + action;
  if (!detail.empty()) line += "  (" + detail + ")";
  context.terminal.print(line + "\n");
}

int run(Context& context, const Options& options) {
  Result<agent::ApiClient> client = connect_agent(context.options);
  if (!client) return context.fail(client.error());
  Value parameters = Value::map();
  parameters.set("limit", options.limit);
  parameters.set("follow", options.follow);
  const Result<Value> events = client->call("events", parameters);
  if (!events) return context.fail(events.error());
  for (const Value& event : events->find("events")->items())
    show(context, event);
  if (!options.follow) return kSuccess;
  const Status ended = client->listen([&](const std::string& method, const Value& event) {
    if (method == "event") show(context, event);
    return true;
  });
  return ended ? kSuccess : context.fail(ended.error());
}

} // namespace

void add_events(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_flag("-F,--follow", options->follow, "go on as they happen");
  command.add_option("-n,--limit", options->limit, "how many at most")->capture_default_str();
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
