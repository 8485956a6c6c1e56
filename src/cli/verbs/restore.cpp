#include <algorithm>
#include <cstdio>
#include <memory>

#include "agent/backup_keeper.h"
#include "agent/state.h"
#include "base/files.h"
#include "base/text.h"
#include "cli/agent_service.h"
#include "cli/apply_progress.h"
#include "cli/backup_source.h"
#include "cli/exit_code.h"
#include "cli/pipeline.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

using document::Value;

struct Options {
  std::string from;
  std::string at;
  std::string backup;
  bool yes = false;
  bool keep = false;
  bool dry_run = false;
};

/// The option, or where this machine's stack keeps its backups.
Result<std::string> folder_of_backups(Context& context, const Options& options) {
  if (!options.from.empty()) return options.from;
  const Result<std::string> stack = find_stack(context.options);
  if (stack) {
    const Result<std::optional<graph::Graph>> recorded = recorded_graph(*stack);
    if (recorded && *recorded) {
      if (const auto settings = agent::backup_settings(**recorded)) return settings->folder;
    }
  }
  return Error(ErrorCode::not_found, "where the backups are is not known here")
      .with_hint("name their folder with --from");
}

/// What is there of the stack steps aside and comes back unless the restore succeeds.
class Exchange {
 public:
  explicit Exchange(const agent::Places& places)
      : places_(places), aside_(places.state() + ".before-restore") {}

  [[nodiscard]] const std::string& aside() const { return aside_; }

  Status step_aside() {
    if (exists(aside_)) {
      return Error(ErrorCode::conflict, aside_ + " is there from an earlier restore")
          .with_hint("look whether it is still wanted; remove it or put it elsewhere");
    }
    if (exists(places_.state())) {
      if (Status moved = move(places_.state(), aside_); !moved) return moved;
    }
    if (Status made = make_directories(places_.state(), 0700); !made) return made;
    return move_token(aside_, places_.state());
  }

  Status come_back() {
    if (Status moved = move_token(places_.state(), aside_); !moved) return moved;
    if (Status gone = remove_tree(places_.state()); !gone) return gone;
    return exists(aside_) ? move(aside_, places_.state()) : Status();
  }

  Status forget() { return remove_tree(aside_); }

 private:
  static Status move(const std::string& from, const std::string& to) {
    if (std::rename(from.c_str(), to.c_str()) == 0) return {};
    return errno_error("rename " + from + " to " + to);
  }
  /// The keys are the same before and after: a token is not part of a backup.
  static Status move_token(const std::string& from, const std::string& to) {
    return exists(from + "/token") ? move(from + "/token", to + "/token") : Status();
  }
  agent::Places places_;
  std::string aside_;
};

Status stop_agent(Context& context, const std::string& stack) {
  const agent::Places places = agent::Places::of(stack);
  if (!exists(places.state_file())) return {};
  if (Status running = ensure_agent(context.options, stack); !running) return running;
  Result<agent::ApiClient> client = agent::ApiClient::connect(places);
  if (!client) return client.error();
  Value parameters = Value::map();
  parameters.set("exit", true);
  const Result<Value> stopped = client->call("down", parameters);
  if (!stopped) return stopped.error();
  return client->wait_closed(std::chrono::seconds(30));
}

/// Every image that the backup's units run from, as it was then.
Status have_images(Context& context, const graph::Graph& graph) {
  Result<OpenedImages> images = open_images(context.options, {});
  if (!images) return std::move(images).error();
  std::vector<std::string> names;
  for (const graph::Resource& resource : graph.resources) {
    const Value* image = resource.spec.find("image");
    if (resource.kind == graph::ResourceKind::unit && image != nullptr)
      names.push_back(image->string_or("name", ""));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const auto assembled = images->service->ensure(names, context.terminal);
  return assembled ? Status() : Status(assembled.error());
}

Status lay_state(BackupSource& source, const agent::BackupRun& run, const Value& manifest) {
  const agent::Places& places = source.places();
  if (Status laid = source.state(run, places.state_file()); !laid) return laid;
  if (Status made = make_directories(places.authority_folder(), 0700); !made) return made;
  const Value* authority = manifest.find("authority");
  if (authority != nullptr && authority->is_map()) {
    for (const document::Member& file : authority->members()) {
      if (file.key.find('/') != std::string::npos || !file.value.is_string()) continue;
      Status written = write_file(places.authority_folder() + "/" + file.key,
                                  file.value.as_string(), {.mode = 0644});
      if (!written) return written;
    }
  }
  Result<agent::State> state = agent::State::open(places.state_file());
  if (!state) return std::move(state).error();
  // Not before the data is there.
  return state->set_wanted_running(false);
}

Result<Value> put_back(Context& context, const agent::Places& places,
                       const agent::RestorePlan& plan, const Options& options,
                       const std::string& folder) {
  if (Status running = ensure_agent(context.options, places.stack); !running)
    return std::move(running).error();
  Result<agent::ApiClient> client = agent::ApiClient::connect(places);
  if (!client) return std::move(client).error();
  Value parameters = Value::map();
  if (options.backup.empty()) {
    parameters.set("at", options.at);
  } else {
    parameters.set("backup", plan.run.id);
  }
  parameters.set("from", folder);
  ApplyProgress progress(context.terminal);
  Result<Value> outcome = client->call("restore", parameters,
                                       [&](const std::string& method, const Value& notification) {
                                         progress.take(method, notification);
                                       });
  progress.finish();
  if (!outcome) return outcome;
  if (const std::vector<Error> failures = failures_of(*outcome); !failures.empty())
    return failures.front();
  return outcome;
}

void say_plan(Context& context, const BackupSource& source, const agent::RestorePlan& plan,
              const Options& options) {
  context.terminal.note("Stack " + source.stack() + ", backup " + plan.run.id +
                        (plan.logs.empty() ? "" : " and what was logged since"));
  context.terminal.note("As of " + format_rfc3339(plan.reaches));
  if (!options.at.empty() && !plan.at && options.backup.empty()) {
    context.terminal.note("Nothing later was kept: " + options.at + " is after the last of it");
  }
  for (const auto& [set, snapshot] : plan.run.sets) {
    const bool logged = plan.logs.contains(set);
    context.terminal.note("  " + set + "  " +
                          format_rfc3339(logged ? plan.reaches : snapshot.time));
  }
  for (const auto& [set, logs] : plan.logs)
    context.terminal.note("  " + set + "  " + format_rfc3339(plan.reaches));
}

Value plan_value(const BackupSource& source, const agent::RestorePlan& plan) {
  Value value = Value::map();
  value.set("stack", source.stack());
  value.set("backup", plan.run.id);
  value.set("reaches", format_rfc3339(plan.reaches, true));
  Value sets = Value::list();
  for (const auto& [set, snapshot] : plan.run.sets)
    sets.push(set);
  for (const auto& [set, logs] : plan.logs)
    sets.push(set);
  value.set("sets", std::move(sets));
  return value;
}

int run(Context& context, const Options& options) {
  if (Status root = need_root("restore"); !root) return context.fail(root.error());
  agent::RestoreWish wish;
  wish.run = options.backup;
  if (!options.at.empty()) {
    const Result<Timestamp> at = parse_rfc3339(options.at);
    if (!at) return context.fail(Error(at.error()).during("reading --at"));
    wish.at = *at;
  }
  const Result<std::string> folder = folder_of_backups(context, options);
  if (!folder) return context.fail(folder.error());
  const Result<std::unique_ptr<BackupSource>> source = BackupSource::open(context, *folder);
  if (!source) return context.fail(source.error());
  const Result<agent::RestorePlan> plan = (*source)->plan(wish);
  if (!plan) return context.fail(plan.error());
  if (!context.json() || !options.dry_run) say_plan(context, **source, *plan, options);
  if (options.dry_run) {
    if (context.json()) context.print_json(plan_value(**source, *plan));
    return kSuccess;
  }
  const agent::Places& places = (*source)->places();
  const bool there = exists(places.state_file());
  if (there && !options.yes) {
    return context.fail(
        Error(ErrorCode::conflict, "stack " + places.stack +
                                       " is on this machine; its data would "
                                       "be replaced")
            .with_hint("say so with --yes; --keep leaves what was there before beside it"));
  }
  const Result<Value> manifest = (*source)->manifest(plan->run);
  if (!manifest) return context.fail(manifest.error());
  const Value* recorded = manifest->find("graph");
  const Result<graph::Graph> graph =
      graph::graph_from_value(recorded == nullptr ? Value::map() : *recorded);
  if (!graph) return context.fail(graph.error());
  if (Status images = have_images(context, *graph); !images) return context.fail(images.error());

  bool was_running = false;
  if (there) {
    if (Result<agent::State> state = agent::State::open_read_only(places.state_file()))
      was_running = state->wanted_running().value_or(false);
    if (Status stopped = stop_agent(context, places.stack); !stopped)
      return context.fail(stopped.error());
  }
  Exchange exchange(places);
  Result<Value> outcome = Value::map();
  if (Status aside = exchange.step_aside(); !aside) return context.fail(aside.error());
  if (Status laid = lay_state(**source, plan->run, *manifest); !laid) {
    outcome = std::move(laid).error();
  } else {
    outcome = put_back(context, places, *plan, options, *folder);
  }
  if (!outcome) {
    Error error = outcome.error();
    Status back = stop_agent(context, places.stack);
    if (back) back = exchange.come_back();
    if (back && was_running) {
      if (Result<agent::State> state = agent::State::open(places.state_file())) {
        back = state->set_wanted_running(true);
      }
      if (back) back = ensure_agent(context.options, places.stack);
    }
    return context.fail(std::move(error).with_hint(
        back ? (there ? "what was there before is in its place again" : "nothing is left of it")
             : "what was there before is in " + exchange.aside() + ": " + back.error().message()));
  }
  if (!options.keep) {
    if (Status gone = exchange.forget(); !gone) return context.fail(gone.error());
  }
  if (context.json()) {
    context.print_json(*outcome);
  } else {
    context.terminal.print("Restored as of " + outcome->string_or("reaches", "") + " in " +
                           format_duration(outcome->integer_or("milliseconds", 0)) + "\n");
  }
  return kSuccess;
}

} // namespace

void add_restore(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_option("--from", options->from, "the folder with the backups (default: the stack's)")
      ->type_name("FOLDER");
  auto* at = command.add_option("--at", options->at, "as it was at this time (RFC 3339)")
                 ->type_name("TIME");
  command.add_option("--backup", options->backup, "exactly this one of allod backup list")
      ->type_name("BACKUP")
      ->excludes(at);
  command.add_flag("--yes", options->yes, "replace the stack that is on this machine");
  command.add_flag("--keep", options->keep, "keep what was there before, beside it");
  command.add_flag("--dry-run", options->dry_run, "say what would be put back and stop");
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
