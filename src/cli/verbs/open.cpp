#include <memory>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/pipeline.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

struct Options {
  std::string name;
  bool print = false;
};

struct Found {
  std::string name;
  std::string url;
};

/// By the page's name or the component's; without a name all.
std::vector<Found> pages(const ResolvedStack& resolved, const std::string& name) {
  std::vector<Found> found;
  for (const auto& component : resolved.blueprint.components) {
    for (const catalogue::Page& page : component->provider->pages) {
      if (!name.empty() && name != page.name && name != component->name) continue;
      found.push_back({page.name, resolved.stack.url_of_page(page.name) + page.path});
    }
  }
  return found;
}

bool open_browser(const std::string& url) {
  for (const char* program : {"xdg-open", "sensible-browser"}) {
    if (find_program(program).empty()) continue;
    Command command;
    command.arguments = {program, url};
    for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "HOME"}) {
      if (const char* value = std::getenv(name)) command.environment[name] = value;
    }
    return spawn_detached(command, "").ok();
  }
  return false;
}

int run(Context& context, const Options& options) {
  catalogue::Problems problems;
  const std::unique_ptr<ResolvedStack> resolved = resolve_stack(context.options, problems);
  if (!resolved) return context.fail(problems);
  const std::vector<Found> found = pages(*resolved, options.name);
  if (found.empty()) {
    std::vector<std::string> known;
    for (const Found& page : pages(*resolved, "")) known.push_back(page.name);
    return context.fail(Error(ErrorCode::not_found, "there is no page \"" + options.name + "\"").with_hint("pages: " + join(known, ", ")));
  }
  if (context.json()) {
    document::Value list = document::Value::list();
    for (const Found& page : found) {
      document::Value entry = document::Value::map();
      entry.set("name", page.name);
      entry.set("url", page.url);
      list.push(std::move(entry));
    }
    document::Value value = document::Value::map();
    value.set("pages", std::move(list));
    context.print_json(value);
    return kSuccess;
  }
  for (const Found& page : found) context.terminal.print(page.url + "\n");
  const bool desktop = std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
  if (!options.print && found.size() == 1 && desktop) open_browser(found.front().url);
  return kSuccess;
}

} // namespace

void add_open(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_option("NAME", options->name, "a page or a component; without it every address is printed");
  command.add_flag("--print", options->print, "print the address only");
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
