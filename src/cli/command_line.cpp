#include "cli/command_line.h"

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/manual.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

constexpr const char* kDaily = "Daily work";
constexpr const char* kPlatform = "The platform";
constexpr const char* kSupply = "Software and catalogue";
constexpr const char* kHelp = "This machine and this program";

std::string last_name(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? std::string() : chosen.front()->get_name();
}

std::string unknown_verb(const std::string& given) {
  std::vector<std::string> known;
  for (const Verb& verb : verbs())
    known.push_back(verb.name);
  const std::string near = nearest(given, known);
  return "there is no verb \"" + given + "\"" +
         (near.empty() ? "" : "; did you mean \"" + near + "\"?");
}

/// Subcommands print their manual page for --help, not CLI11's table.
void use_manual_for_help(CLI::App& command, const std::string& verb) {
  command.set_help_flag("-h,--help", "this page");
  command.formatter(std::make_shared<CLI::FormatterLambda>(
      [verb](const CLI::App* app, std::string, CLI::AppFormatMode) {
        return render_help(verb, *app);
      }));
}

} // namespace

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> kVerbs = {
      {"init", kPlatform, "write a commented stack.yaml", add_init},
      {"plan", kPlatform, "show what would change and why; nothing is touched", add_plan},
      {"up", kPlatform, "make it so; again: does nothing", add_up},
      {"down", kPlatform, "stop everything and lock the volumes; the data stays", add_down},
      {"destroy", kPlatform, "remove everything, data included", add_destroy},
      {"status", kDaily, "components, health, memory, certificates", add_status},
      {"top", kDaily, "processor time and memory of each unit", add_top},
      {"explain", kDaily, "why a resource is as it is, and what depends on it", add_explain},
      {"logs", kDaily, "what a component writes", add_logs},
      {"events", kDaily, "what happened and what was done about it", add_events},
      {"exec", kDaily, "run a command in a unit", add_exec},
      {"open", kDaily, "the address of a page, opened in a browser where there is one", add_open},
      {"secret", kDaily, "list and show generated secrets", add_secret},
      {"trust", kDaily, "certificates and their ends; replace root and secrets", add_trust},
      {"backup", kDaily, "take, list and verify backups", add_backup},
      {"restore", kDaily, "put a backup back, on this or on an empty machine", add_restore},
      {"check", kDaily, "judge manifests, plans and stacks by policies, offline", add_check},
      {"images", kSupply, "the images: list, lock, verify, clean", add_images},
      {"sbom", kSupply, "what the stack is made of, as SPDX 2.3", add_sbom},
      {"bundle", kSupply, "one signed file for machines without a network", add_bundle},
      {"catalogue", kSupply, "the providers that there are; check the catalogue", add_catalogue},
      {"cel", kSupply, "evaluate and test expressions", add_cel},
      {"doctor", kHelp, "what is wrong with this machine and how to put it right", add_doctor},
      {"agent", kHelp, "run the agent of a stack in the foreground", add_agent},
      {"completion", kHelp, "completions for bash, zsh and fish", add_completion},
      {"manual", kHelp, "manual pages", add_manual},
      {"version", kHelp, "the version of allod and of what it uses", add_version},
  };
  return kVerbs;
}

void build_command_line(CLI::App& app, GlobalOptions& options, Invocation& invocation) {
  app.name("allod");
  app.description("Runs a sovereign platform of open systems on this machine.");
  app.require_subcommand(1);
  app.fallthrough();
  app.set_help_flag("-h,--help", "this overview; allod VERB --help for a verb");
  app.add_option("-f,--file", options.file, "the declaration")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("-s,--stack", options.stack, "the stack on this machine")->type_name("NAME");
  app.add_option("-o,--output", options.output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORM")
      ->capture_default_str();
  app.add_option("--colour,--color", options.colour, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN")
      ->capture_default_str();
  app.add_option("--catalogue", options.catalogue, "the catalogue's folder")->type_name("FOLDER");
  app.add_flag("-q,--quiet", options.quiet, "say nothing while working");
  for (const Verb& verb : verbs()) {
    CLI::App* command = app.add_subcommand(verb.name, verb.summary);
    command->group(verb.group);
    use_manual_for_help(*command, verb.name);
    verb.add(*command, invocation);
  }
}

int run_command_line(int argc, char** argv) {
  GlobalOptions options;
  Invocation invocation;
  CLI::App app;
  build_command_line(app, options, invocation);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    Terminal terminal;
    const std::string verb = last_name(app);
    terminal.print(verb.empty() ? app.help() : app.get_subcommand(verb)->help());
    return kSuccess;
  } catch (const CLI::ParseError& fault) {
    Terminal terminal;
    const std::string verb = last_name(app);
    const std::vector<std::string> rest = app.remaining();
    const bool unknown = verb.empty() && !rest.empty() && !rest.front().starts_with('-');
    terminal.note("error: " + (unknown ? unknown_verb(rest.front()) : std::string(fault.what())));
    terminal.note("  see  allod " + (verb.empty() ? std::string("--help") : verb + " --help"));
    return kInvalidInput;
  }
  Context context{options, Terminal(options.colour)};
  context.terminal.set_quiet(options.quiet);
  return invocation.run ? invocation.run(context) : kInvalidInput;
}

} // namespace allod::cli
