#include "cli/manual.h"

#include <memory>

#include "base/files.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

int write_all(Context& context, const CLI::App& app, const std::string& folder) {
  if (Status made = make_directories(folder); !made) return context.fail(made.error());
  WriteOptions readable;
  readable.mode = 0644;
  Status written = write_file(folder + "/allod.1", render_man_page("", app), readable);
  for (const Verb& verb : verbs()) {
    if (!written) break;
    written = write_file(folder + "/allod-" + verb.name + ".1",
                         render_man_page(verb.name, *app.get_subcommand(verb.name)), readable);
  }
  return written ? kSuccess : context.fail(written.error());
}

int run(Context& context, const std::string& verb, const std::string& folder) {
  GlobalOptions options;
  Invocation invocation;
  CLI::App app;
  build_command_line(app, options, invocation);
  if (!folder.empty()) return write_all(context, app, folder);
  if (verb.empty()) {
    context.terminal.print(render_man_page("", app));
    return kSuccess;
  }
  const auto children =
      app.get_subcommands([&](const CLI::App* child) { return child->get_name() == verb; });
  const CLI::App* command = children.empty() ? nullptr : children.front();
  if (command == nullptr)
    return context.fail(Error(ErrorCode::not_found, "there is no verb \"" + verb + "\""));
  context.terminal.print(render_man_page(verb, *command));
  return kSuccess;
}

} // namespace

void add_manual(CLI::App& command, Invocation& invocation) {
  auto verb = std::make_shared<std::string>();
  auto folder = std::make_shared<std::string>();
  command.add_option("VERB", *verb, "the verb; without it the overview");
  command.add_option("--write", *folder, "write all pages into a folder")->type_name("FOLDER");
  command.callback([&invocation, verb, folder] {
    invocation.run = [verb, folder](Context& context) { return run(context, *verb, *folder); };
  });
}

} // namespace allod::cli
