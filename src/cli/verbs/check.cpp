#include <algorithm>
#include <memory>

#include "base/text.h"
#include "cli/check_session.h"
#include "cli/exit_code.h"
#include "cli/policy_pages.h"
#include "cli/verbs.h"
#include "cli/watch_check.h"

namespace allod::cli {
namespace {

struct Options {
  CheckSettings settings;
  std::string explain;
  bool list = false;
  bool watch = false;
  bool no_ignore = false;
  bool no_render = false;
};

std::string check_write(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::vector<std::string>& forms = check::form_names();
  if (equals == std::string::npos || equals + 1 == text.size() ||
      std::find(forms.begin(), forms.end(), text.substr(0, equals)) == forms.end())
    return "FORM=FILE, where the form is one of " + join(forms, ", ");
  return {};
}

std::string check_day(const std::string& text) {
  const Result<std::string> day = check::parse_day(text);
  return day ? std::string() : day.error().describe();
}

int run(Context& context, const Options& options) {
  const CheckSettings& settings = options.settings;
  if (!settings.form.empty()) context.options.output = settings.form;
  if (options.list) return list_policies(context);
  if (!options.explain.empty()) return explain_policy(context, options.explain);
  if (options.watch) return watch_check(context, settings);
  catalogue::Problems problems;
  const check::Report report = check_once(context, settings, problems);
  if (!problems.empty()) {
    (void)context.fail(problems);
    return kInvalidInput; // whatever was not found: what was asked for cannot be done
  }
  if (report.summary.objects == 0 && report.summary.broken == 0)
    context.terminal.note("nothing was judged: no object in " +
                          join(settings.run.inputs.paths, ", "));
  if (Status published = publish(context, settings, report); !published)
    return context.fail(published.error());
  return code_of(report, settings.strict);
}

void add_inputs(CLI::App& command, Options& options) {
  check::RunOptions& run_options = options.settings.run;
  run_options.inputs.paths = {"."};
  command
      .add_option("PATH", run_options.inputs.paths,
                  "files and folders; - is standard input; this folder without it")
      ->expected(0, -1);
  command.add_option("--old", run_options.old_paths, "what the objects were: judges updates")
      ->allow_extra_args(false)
      ->type_name("PATH");
  command.add_flag("--delete", run_options.remove, "judges as if the objects were deleted");
  command.add_flag("--apply", options.settings.apply,
                   "prints what mutating policies make of the objects");
  command
      .add_option("-n,--namespace", run_options.default_namespace,
                  "the namespace of objects that name none")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_option("--values", run_options.inputs.values_files, "values for Helm charts")
      ->allow_extra_args(false)
      ->type_name("FILE");
  command.add_flag("--no-render", options.no_render,
                   "reads charts and kustomizations as plain files");
  command.add_flag("--no-ignore", options.no_ignore, "reads what .gitignore leaves out, too");
  command.add_flag("--strict-inputs", run_options.inputs.strict,
                   "documents that are no objects are findings");
  command
      .add_option("-j,--jobs", run_options.inputs.workers, "threads; one for each core without it")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
}

void add_policies(CLI::App& command, Options& options) {
  CheckSettings& settings = options.settings;
  command
      .add_option("-p,--policy", settings.policies,
                  "a set, a policy, a folder or a file; may be repeated")
      ->allow_extra_args(false)
      ->type_name("WHAT");
  command.add_option("--params", settings.params, "objects that policies take as params")
      ->allow_extra_args(false)
      ->type_name("FILE");
  command.add_option("--exceptions", settings.exceptions, "who may depart from what, until when")
      ->type_name("FILE");
  command.add_option("--today", settings.today, "the day that exceptions are held against")
      ->check(CLI::Validator(check_day, "", "day"))
      ->type_name("DAY");
  command.add_option("--baseline", settings.baseline, "findings that are known already")
      ->type_name("FILE");
  command.add_option("--write-baseline", settings.write_baseline, "writes what is found as one")
      ->type_name("FILE");
  command.add_flag("--strict", settings.strict, "what cannot be decided gives exit code 3");
}

} // namespace

void add_check(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  add_inputs(command, *options);
  add_policies(command, *options);
  command.add_option("-o,--output", options->settings.form, join(check::form_names(), ", "))
      ->check(CLI::IsMember(check::form_names()))
      ->type_name("FORM");
  command.add_option("--write", options->settings.writes, "writes a form to a file as well")
      ->allow_extra_args(false)
      ->check(CLI::Validator(check_write, "", "form"))
      ->type_name("FORM=FILE");
  command.add_flag("--list", options->list, "the shipped sets and policies");
  command.add_option("--explain", options->explain, "what a policy asks for, why, and how to mend")
      ->type_name("POLICY");
  command.add_flag("--watch", options->watch, "checks again whenever something changes");
  command.callback([&invocation, options] {
    options->settings.run.inputs.respect_ignore_files = !options->no_ignore;
    options->settings.run.inputs.render = !options->no_render;
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
