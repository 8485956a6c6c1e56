#include <memory>

#include "base/text.h"
#include "cli/agent_service.h"
#include "cli/apply_progress.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "cli/verbs/trust_ceremony.h"

namespace allod::cli {
namespace {

using document::Value;

const Value::List& list_at(const Value& value, std::string_view key) {
  static const Value::List kNone;
  const Value* list = value.find(key);
  return list != nullptr && list->is_list() ? list->items() : kNone;
}

std::string describe_phase(const Value& rotation) {
  const std::string phase = rotation.string_or("phase", "");
  const std::string next = rotation.string_or("next", "");
  if (phase == "spreading") return "the next root is trusted; it signs from " + next;
  if (phase == "succeeding") return "the next root signs; the former is trusted until " + next;
  return next.empty() ? "" : "the former root is being taken out";
}

std::string describe(const Value& trust, const Terminal& terminal) {
  const Value* token = trust.find("token");
  std::string text = "Token         " + (token == nullptr ? "" : token->string_or("line", "")) +
                     "\nTrust domain  " + trust.string_or("trustDomain", "") + "\n";
  const Value* rotation = trust.find("rotation");
  const std::string phase = rotation == nullptr ? "" : describe_phase(*rotation);
  if (!phase.empty()) text += "Root          " + terminal.paint(Colour::yellow, phase) + "\n";
  std::vector<std::vector<std::string>> rows = {{"CERTIFICATE", "ENDS", "RENEWED", "BY"}};
  for (const Value& root : list_at(trust, "roots")) {
    rows.push_back(
        {root.string_or("label", "") + (root.boolean_or("signs", false) ? "" : " (trusted)"),
         root.string_or("ends", ""), "", root.string_or("renewedBy", "")});
  }
  for (const Value& issuing : list_at(trust, "issuing")) {
    rows.push_back({issuing.string_or("component", "") + " issuing", issuing.string_or("ends", ""),
                    issuing.string_or("renewAt", ""), issuing.string_or("renewedBy", "")});
  }
  for (const Value& leaf : list_at(trust, "certificates")) {
    const std::string unit = leaf.string_or("unit", "");
    rows.push_back({unit.empty() ? leaf.string_or("component", "") + " (agent)" : unit,
                    leaf.string_or("ends", ""), leaf.string_or("renewAt", ""),
                    leaf.string_or("renewedBy", "")});
  }
  return text + "\n" + format_table(rows);
}

int show(Context& context, const Result<Value>& trust) {
  if (!trust) return context.fail(trust.error());
  if (context.json()) {
    context.print_json(*trust);
  } else {
    context.terminal.print(describe(*trust, context.terminal));
  }
  return kSuccess;
}

int status(Context& context) {
  Result<agent::ApiClient> client = connect_agent(context.options);
  if (!client) return context.fail(client.error());
  return show(context, client->call("trust"));
}

int rotate_root(Context& context, const std::string& pause) {
  if (Status root = need_root("trust rotate-root"); !root) return context.fail(root.error());
  Value parameters = Value::map();
  if (!pause.empty()) {
    const Result<std::int64_t> milliseconds = parse_duration(pause);
    if (!milliseconds) return context.fail(Error(milliseconds.error()).during("reading --pause"));
    parameters.set("pauseSeconds", *milliseconds / 1000);
  }
  Result<agent::ApiClient> client = connect_agent(context.options);
  if (!client) return context.fail(client.error());
  return show(context, client->call("rotate-root", parameters));
}

int rotate_secrets(Context& context) {
  if (Status root = need_root("trust rotate-secrets"); !root) return context.fail(root.error());
  Result<agent::ApiClient> client = connect_agent(context.options);
  if (!client) return context.fail(client.error());
  ApplyProgress progress(context.terminal);
  const Result<Value> outcome = client->call(
      "rotate-secrets", Value::map(), [&](const std::string& method, const Value& notification) {
        progress.take(method, notification);
      });
  progress.finish();
  if (!outcome) return context.fail(outcome.error());
  if (context.json()) context.print_json(*outcome);
  if (const std::vector<Error> failures = failures_of(*outcome); !failures.empty()) {
    if (context.json()) return exit_code(failures.front().code());
    return context.fail(catalogue::Problems(failures));
  }
  if (!context.json()) context.terminal.note("Every generated secret was renewed.");
  return kSuccess;
}

} // namespace

void add_trust(CLI::App& command, Invocation& invocation) {
  command.require_subcommand(1);
  command.add_subcommand("status", "token, roots, issuing CAs and certificates, and their ends")
      ->callback([&invocation] { invocation.run = status; });
  auto pause = std::make_shared<std::string>();
  CLI::App* root =
      command.add_subcommand("rotate-root", "replace the root, in steps that the agent takes");
  root->add_option("--pause", *pause,
                   "time between the steps (default: until all have come along)");
  root->callback([&invocation, pause] {
    invocation.run = [pause](Context& context) { return rotate_root(context, *pause); };
  });
  command.add_subcommand("rotate-secrets", "renew every generated secret and whatever uses it")
      ->callback([&invocation] { invocation.run = rotate_secrets; });
  add_ceremony(*command.add_subcommand("ceremony", "make a root before witnesses, on record"),
               invocation);
}

} // namespace allod::cli
