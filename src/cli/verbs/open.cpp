#include <memory>

#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/pages.h"
#include "cli/pipeline.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

struct Options {
  std::string name;
  bool print = false;
};

/// By the page's name or the component's; without a name all.
std::vector<PublishedPage> matching(std::vector<PublishedPage> pages, const std::string& name) {
  std::erase_if(pages, [&](const PublishedPage& page) {
    return !name.empty() && name != page.name && name != page.component;
  });
  return pages;
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
  const Result<std::string> stack = find_stack(context.options);
  if (!stack) return context.fail(stack.error());
  const Result<std::optional<graph::Graph>> recorded = recorded_graph(*stack);
  if (!recorded) return context.fail(recorded.error());
  if (!*recorded) {
    return context.fail(
        Error(ErrorCode::not_found, "there is no stack \"" + *stack + "\" on this machine")
            .with_hint("start with: allod up"));
  }
  const std::vector<PublishedPage> pages = published_pages(**recorded);
  const std::vector<PublishedPage> found = matching(pages, options.name);
  if (found.empty()) {
    std::vector<std::string> known;
    for (const PublishedPage& page : pages)
      known.push_back(page.name);
    return context.fail(Error(ErrorCode::not_found, "there is no page \"" + options.name + "\"")
                            .with_hint("pages: " + join(known, ", ")));
  }
  if (context.json()) {
    document::Value list = document::Value::list();
    for (const PublishedPage& page : found) {
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
  for (const PublishedPage& page : found)
    context.terminal.print(page.url + "\n");
  const bool desktop =
      std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
  if (!options.print && found.size() == 1 && desktop) open_browser(found.front().url);
  return kSuccess;
}

} // namespace

void add_open(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_option("NAME", options->name,
                     "a page or a component; without it every address is printed");
  command.add_flag("--print", options->print, "print the address only");
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
