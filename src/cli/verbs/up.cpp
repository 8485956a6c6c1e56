#include <chrono>
#include <memory>

#include <unistd.h>

#include "agent/places.h"
#include "base/files.h"
#include "base/text.h"
#include "cli/agent_service.h"
#include "cli/apply_progress.h"
#include "cli/doctor.h"
#include "cli/exit_code.h"
#include "cli/image_service.h"
#include "cli/pipeline.h"
#include "cli/plan_text.h"
#include "cli/timeline.h"
#include "cli/verbs.h"
#include "cli/welcome.h"

namespace allod::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  ImageOptions images;
  bool dry_run = false;
  std::vector<std::string> again;
  std::string timeline; ///< a file; empty: none is written
};

std::int64_t milliseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
}

/// Nothing is touched unless the machine can carry it.
int check_machine(Context& context, const ResolvedStack& resolved) {
  const std::vector<host::Check> checks = examine_machine(
      resolved.stack.name,
      {{resolved.stack.listen_address, static_cast<std::uint16_t>(resolved.stack.listen_port)}});
  if (!has_failed(checks)) return kSuccess;
  if (context.json()) {
    context.print_json(to_value(checks));
  } else {
    context.terminal.note("error: this machine cannot run the platform yet; nothing was touched");
    context.terminal.note(describe_checks(checks, context.terminal, false));
  }
  return only_ports_failed(checks) ? kConflict : kUnsupported;
}

void say_images(Context& context, const std::vector<artifacts::AssembledImage>& images) {
  std::uint64_t bytes = 0;
  std::size_t assembled = 0;
  for (const artifacts::AssembledImage& image : images) {
    bytes += image.size;
    if (!image.was_there) ++assembled;
  }
  const std::string what =
      assembled == 0 ? "all there" : std::to_string(assembled) + " assembled now";
  context.terminal.note("Images       " + std::to_string(images.size()) + " of " +
                        std::to_string(images.size()) + "      " + format_size(bytes) + ", " +
                        what);
}

int apply(Context& context, const Planned& planned, const ResolvedStack& resolved,
          const Options& options, Clock::time_point start) {
  if (Status running = ensure_agent(context.options, resolved.stack.name); !running)
    return context.fail(running.error());
  Result<agent::ApiClient> client =
      agent::ApiClient::connect(agent::Places::of(resolved.stack.name));
  if (!client) return context.fail(client.error());
  ApplyProgress progress(context.terminal);
  document::Value parameters = document::Value::map();
  parameters.set("graph", graph::to_value(planned.graph));
  document::Value repeated = document::Value::list();
  for (const std::string& name : options.again)
    repeated.push(name);
  parameters.set("again", std::move(repeated));
  const Result<document::Value> outcome = client->call(
      "apply", parameters, [&](const std::string& method, const document::Value& notification) {
        progress.take(method, notification);
      });
  progress.finish();
  if (!outcome) return context.fail(outcome.error());
  if (!options.timeline.empty()) {
    Status written = write_file(options.timeline, timeline_svg(planned.graph, *outcome));
    if (!written) return context.fail(written.error());
  }
  const std::int64_t milliseconds = milliseconds_since(start);
  if (context.json()) {
    document::Value value = *outcome;
    value.set("milliseconds", milliseconds);
    context.print_json(value);
  }
  if (const std::vector<Error> failures = failures_of(*outcome); !failures.empty()) {
    if (context.json()) return exit_code(failures.front().code());
    return context.fail(catalogue::Problems(failures));
  }
  if (!context.json())
    context.terminal.print(
        welcome(context.terminal, resolved, planned.graph, *client, *outcome, milliseconds));
  return kSuccess;
}

int run(Context& context, const Options& options) {
  const Clock::time_point start = Clock::now();
  catalogue::Problems problems;
  const std::unique_ptr<ResolvedStack> resolved = resolve_stack(context.options, problems);
  if (!resolved) return context.fail(problems);
  if (Status root = need_root("up"); !root) return context.fail(root.error());
  const bool running = agent_answers(resolved->stack.name);
  if (!running) {
    if (const int code = check_machine(context, *resolved); code != kSuccess) return code;
  }
  context.terminal.note(context.terminal.paint(
      Colour::bold, "allod " ALLOD_VERSION " · stack " + resolved->stack.name + " · target host"));
  context.terminal.note("");

  Result<ImageService> images = ImageService::open(*resolved->catalogue, options.images);
  if (!images) return context.fail(images.error());
  if (!options.dry_run) {
    const Result<std::vector<artifacts::AssembledImage>> assembled =
        images->ensure(resolved->images(), context.terminal);
    if (!assembled) return context.fail(assembled.error());
    say_images(context, *assembled);
  }
  const std::optional<Planned> planned =
      plan_stack(*resolved, images->keys(), problems, options.again);
  if (!planned) return context.fail(problems);
  context.terminal.note("Plan         " + summarise_plan(*planned));
  if (options.dry_run) {
    if (context.json()) {
      context.print_json(graph::to_value(planned->plan));
      return kSuccess;
    }
    context.terminal.print(describe_plan(*planned, context.terminal, false));
    return kSuccess;
  }
  context.terminal.note("");
  return apply(context, *planned, *resolved, options, start);
}

} // namespace

void add_up(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_flag("--dry-run", options->dry_run, "show the plan and stop");
  command
      .add_option("--again", options->again,
                  "run the steps of this component again, too (may be repeated)")
      ->type_name("COMPONENT")
      ->expected(1)
      ->take_all();
  command
      .add_option("--timeline", options->timeline, "write what waited for what as a picture (SVG)")
      ->type_name("FILE");
  command.add_flag("--locked", options->images.locked,
                   "refuse successors of parts that are no longer served");
  command.add_flag("--offline", options->images.offline, "fetch nothing");
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
