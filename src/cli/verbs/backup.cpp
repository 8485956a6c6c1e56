#include "base/text.h"
#include "cli/agent_service.h"
#include "cli/apply_progress.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

using document::Value;

std::string size_at(const Value& value, const char* key) {
  return format_size(static_cast<std::uint64_t>(value.integer_or(key, 0)));
}

std::string describe_taken(const Value& taken) {
  return "Backup " + taken.string_or("run", "") + ": " + size_at(taken, "bytes") + " read, " +
         size_at(taken, "added") + " written to " + taken.string_or("repository", "") + " in " +
         format_duration(taken.integer_or("milliseconds", 0)) +
         "\nIt opens with this stack's token only: keep a second token at another place.\n";
}

std::string describe_list(const Value& found) {
  std::vector<std::vector<std::string>> rows = {{"BACKUP", "BEGAN", "ENDED", "PARTS"}};
  const Value* backups = found.find("backups");
  if (backups != nullptr && backups->is_list()) {
    for (const Value& backup : backups->items()) {
      rows.push_back({backup.string_or("run", ""), backup.string_or("began", ""),
                      backup.string_or("ended", ""), join(backup.strings_at("sets"), ", ")});
    }
  }
  std::string text = format_table(rows) + "\n" + found.string_or("repository", "") + " holds " +
                     size_at(found, "stored") + "\n";
  const std::string reaches = found.string_or("reaches", "");
  if (!reaches.empty()) text += "Logs reach up to " + reaches + "\n";
  return text;
}

std::string describe_verified(const Value&) {
  return "Every byte of the repository was read; all is as it was written.\n";
}

int ask(Context& context, const std::string& verb, const std::string& method,
        std::string (*describe)(const Value&)) {
  if (Status root = need_root("backup " + verb); !root) return context.fail(root.error());
  Result<agent::ApiClient> client = connect_agent(context.options);
  if (!client) return context.fail(client.error());
  ApplyProgress progress(context.terminal);
  const Result<Value> outcome =
      client->call(method, Value::map(), [&](const std::string& name, const Value& notification) {
        progress.take(name, notification);
      });
  progress.finish();
  if (!outcome) return context.fail(outcome.error());
  if (context.json()) {
    context.print_json(*outcome);
  } else {
    context.terminal.print(describe(*outcome));
  }
  return kSuccess;
}

} // namespace

void add_backup(CLI::App& command, Invocation& invocation) {
  command.require_subcommand(1);
  command.add_subcommand("now", "take a backup now")->callback([&invocation] {
    invocation.run = [](Context& context) {
      return ask(context, "now", "backup-now", describe_taken);
    };
  });
  command.add_subcommand("list", "the backups that there are")->callback([&invocation] {
    invocation.run = [](Context& context) {
      return ask(context, "list", "backup-list", describe_list);
    };
  });
  command.add_subcommand("verify", "read everything and find what is damaged")
      ->callback([&invocation] {
        invocation.run = [](Context& context) {
          return ask(context, "verify", "backup-verify", describe_verified);
        };
      });
}

} // namespace allod::cli
