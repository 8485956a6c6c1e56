#include <memory>

#include "cli/exit_code.h"
#include "cli/image_service.h"
#include "cli/pipeline.h"
#include "cli/plan_text.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

struct Options {
  bool exit_code = false;
  bool all = false;
  bool graph = false;
};

int run(Context& context, const Options& options) {
  catalogue::Problems problems;
  const std::unique_ptr<ResolvedStack> resolved = resolve_stack(context.options, problems);
  if (!resolved) return context.fail(problems);
  Result<ImageService> images = ImageService::open(*resolved->catalogue, {});
  if (!images) return context.fail(images.error());
  const std::optional<Planned> planned = plan_stack(*resolved, images->keys(), problems);
  if (!planned) return context.fail(problems);
  if (context.json()) {
    context.print_json(options.graph ? graph::to_value(planned->graph)
                                     : graph::to_value(planned->plan));
  } else {
    context.terminal.print(describe_plan(*planned, context.terminal, options.all));
  }
  return options.exit_code && !planned->plan.empty() ? kChanges : kSuccess;
}

} // namespace

void add_plan(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_flag("--exit-code", options->exit_code, "exit with 10 when there is something to do");
  command.add_flag("--all", options->all, "name every resource that is created, and every reason");
  command.add_flag("--graph", options->graph,
                   "with --output json: the whole resource graph instead of the changes");
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
