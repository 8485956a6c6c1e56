#include "cli/check_session.h"

#include <chrono>
#include <optional>
#include <set>
#include <string>

#include <unistd.h>

#include "base/files.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/exit_code.h"
#include "document/document_file.h"
#include "document/json_writer.h"
#include "document/writers.h"

namespace allod::cli {
namespace {

/// What holds for everybody who said nothing.
const std::vector<std::string>& default_sets() {
  static const std::vector<std::string> kSets = {"pss-baseline", "sovereign"};
  return kSets;
}

Result<document::SchemaRegistry> load_schemas(const std::string& catalogue) {
  document::SchemaRegistry schemas;
  for (const char* name : {"common", "policy-exception", "policy-baseline"}) {
    Result<document::Value> schema =
        document::read_document_file(catalogue + "/schemas/" + name + ".schema.json");
    if (!schema) return std::move(schema).error();
    const std::vector<Error> faults = schemas.add(std::move(*schema));
    if (!faults.empty()) return faults.front();
  }
  return schemas;
}

Result<std::shared_ptr<policy::Resources>> load_resources(const std::string& catalogue) {
  auto resources = std::make_shared<policy::Resources>();
  Result<document::Value> table =
      document::read_document_file(catalogue + "/kubernetes/resources.yaml");
  if (!table) return std::move(table).error();
  if (Status added = resources->add_table(*table); !added) return std::move(added).error();
  return resources;
}

Result<policy::MergeRules> load_merge_rules(const std::string& catalogue) {
  Result<document::Value> table =
      document::read_document_file(catalogue + "/kubernetes/merge.yaml");
  if (!table) return std::move(table).error();
  policy::MergeRules rules;
  if (Status added = rules.add_table(*table); !added) return std::move(added).error();
  return rules;
}

/// The objects that were changed, as a YAML stream.
Result<std::string> yaml_of(const std::vector<document::Value>& objects) {
  std::string text;
  for (const document::Value& object : objects) {
    Result<std::string> one = document::write_configuration("yaml", object);
    if (!one) return one;
    text += (text.empty() ? "" : "---\n") + *one;
  }
  return text;
}

check::ChosenPolicies params_files(const CheckSettings& settings) {
  check::ChosenPolicies files;
  files.files = settings.params;
  return files;
}

/// Exceptions and baseline, which is what changes a report.
void apply_files(const std::string& catalogue, const CheckSettings& settings, check::Report& report,
                 std::vector<Error>& problems) {
  if (settings.exceptions.empty() && settings.baseline.empty()) return;
  const Result<document::SchemaRegistry> schemas = load_schemas(catalogue);
  if (!schemas) {
    problems.push_back(schemas.error());
    return;
  }
  if (!settings.exceptions.empty()) {
    const std::string today =
        settings.today.empty() ? format_rfc3339(now()).substr(0, 10) : settings.today;
    check::apply_exceptions(check::read_exceptions(settings.exceptions, *schemas, problems), today,
                            report);
  }
  if (!settings.baseline.empty())
    check::apply_baseline(check::read_baseline(settings.baseline, *schemas, problems), report);
}

check::Sink terminal_sink(Context& context) {
  return [&context](std::string_view piece) { context.terminal.print(piece); };
}

/// Gathers pieces, so that each does not become a write of its own.
class Buffered {
 public:
  explicit Buffered(check::Sink sink) : sink_(std::move(sink)) {}
  void operator()(std::string_view piece) {
    text_ += piece;
    if (text_.size() > (1U << 16)) flush();
  }
  void flush() {
    if (!text_.empty()) sink_(text_);
    text_.clear();
  }

 private:
  check::Sink sink_;
  std::string text_;
};

check::OutputOptions output_options(const Context& context) {
  check::OutputOptions options;
  options.colour = context.options.colour == "always" ||
                   (context.terminal.has_colour() && ::isatty(STDOUT_FILENO) == 1);
  options.width = ::isatty(STDOUT_FILENO) == 1 ? context.terminal.width() : 120;
  options.summary = !context.options.quiet;
  options.version = ALLOD_VERSION;
  return options;
}

} // namespace

Result<check::PolicyLibrary> open_library(const Context& context) {
  Result<std::string> catalogue = find_catalogue(context.options);
  if (!catalogue) return std::move(catalogue).error();
  return check::PolicyLibrary(*catalogue + "/policies");
}

Result<std::vector<std::string>> chosen_policies(const Context& context,
                                                 const CheckSettings& settings) {
  if (!settings.policies.empty()) return settings.policies;
  if (exists(context.options.file)) {
    const Result<document::Value> declaration = document::read_document_file(context.options.file);
    if (!declaration) return declaration.error();
    const document::Value* spec = declaration->find("spec");
    std::vector<std::string> named =
        spec == nullptr ? std::vector<std::string>() : spec->strings_at("policies");
    if (!named.empty()) return named;
  }
  return default_sets();
}

check::Policies load_policies(const Context& context, const CheckSettings& settings,
                              std::vector<Error>& problems) {
  const Result<std::string> catalogue = find_catalogue(context.options);
  if (!catalogue) {
    problems.push_back(catalogue.error());
    return {};
  }
  const Result<std::vector<std::string>> names = chosen_policies(context, settings);
  if (!names) {
    problems.push_back(names.error());
    return {};
  }
  Result<std::shared_ptr<policy::Resources>> resources = load_resources(*catalogue);
  if (!resources) {
    problems.push_back(std::move(resources).error());
    return {};
  }
  const check::PolicyLibrary library(*catalogue + "/policies");
  check::PolicyDocuments documents;
  std::set<std::string> read; // sets that overlap judge once
  for (const std::string& name : *names) {
    Result<check::ChosenPolicies> chosen = library.find(name);
    if (!chosen) {
      problems.push_back(chosen.error());
      continue;
    }
    if (chosen->only.empty())
      std::erase_if(chosen->files,
                    [&](const std::string& file) { return !read.insert(file).second; });
    check::read_policies(*chosen, documents, problems);
  }
  check::read_policies(params_files(settings), documents, problems);
  if (problems.empty() && documents.policies.empty())
    problems.push_back(Error(ErrorCode::invalid_input, "no policy in " + join(*names, ", "))
                           .with_hint("allod check --list shows the shipped ones"));
  if (!problems.empty()) return {};
  return check::compile(std::move(documents), std::move(*resources), problems);
}

check::Report check_once(const Context& context, const CheckSettings& settings,
                         std::vector<Error>& problems) {
  const auto start = std::chrono::steady_clock::now();
  for (const std::string& path : settings.run.inputs.paths) {
    if (path != "-" && !exists(path))
      problems.push_back(Error(ErrorCode::not_found, "there is no file or folder " + path));
  }
  check::Policies policies = load_policies(context, settings, problems);
  if (!problems.empty()) return {};
  const Result<std::string> catalogue = find_catalogue(context.options);
  check::RunOptions run_options = settings.run;
  std::optional<policy::MergeRules> merge_rules;
  if (settings.apply) {
    Result<policy::MergeRules> loaded = load_merge_rules(*catalogue);
    if (!loaded) {
      problems.push_back(std::move(loaded).error());
      return {};
    }
    run_options.merge_rules = &merge_rules.emplace(std::move(*loaded));
  }
  check::Report report = check::run(std::move(policies), run_options);
  apply_files(*catalogue, settings, report, problems);
  if (!problems.empty()) return {};
  check::count_findings(report);
  report.summary.milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(
                                    std::chrono::steady_clock::now() - start)
                                    .count();
  return report;
}

int code_of(const check::Report& report, bool strict) {
  const check::Summary& summary = report.summary;
  if (summary.objects == 0 && summary.broken != 0) return kInvalidInput;
  if (summary.failed + summary.errors + summary.broken != 0) return kFailure;
  if (strict && summary.undecided != 0) return kUndecided;
  return kSuccess;
}

Status publish(Context& context, const CheckSettings& settings, const check::Report& report) {
  const check::OutputOptions options = output_options(context);
  const check::Form form =
      check::form_named(settings.form.empty() ? context.options.output : settings.form);
  // With --apply the objects are the result, and findings are remarks on it.
  if (settings.apply) {
    const Result<std::string> objects = yaml_of(report.mutated);
    if (!objects) return objects.error();
    context.terminal.print(*objects);
  }
  Buffered out(settings.apply ? check::Sink([&context](std::string_view piece) {
    context.terminal.complain(trim(piece));
  })
                              : terminal_sink(context));
  check::write_report(form, report, options, std::ref(out));
  out.flush();
  for (const std::string& write : settings.writes) {
    const std::size_t equals = write.find('=');
    check::OutputOptions plain = options;
    plain.colour = false;
    plain.width = 120;
    std::string text;
    check::write_report(check::form_named(write.substr(0, equals)), report, plain,
                        [&text](std::string_view piece) { text += piece; });
    WriteOptions mode;
    mode.mode = 0644;
    if (Status written = write_file(write.substr(equals + 1), text, mode); !written) return written;
  }
  if (settings.write_baseline.empty()) return {};
  WriteOptions mode;
  mode.mode = 0644;
  return write_file(
      settings.write_baseline,
      document::write_json(check::make_baseline(report), document::JsonLayout::pretty), mode);
}

} // namespace allod::cli
