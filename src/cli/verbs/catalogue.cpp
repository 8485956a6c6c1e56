#include "catalogue/catalogue.h"

#include <memory>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

using document::Value;

Result<std::unique_ptr<catalogue::Catalogue>> open_catalogue(Context& context,
                                                             catalogue::Problems& problems) {
  Result<std::string> folder = find_catalogue(context.options);
  if (!folder) return std::move(folder).error();
  return catalogue::Catalogue::open(*folder, problems);
}

int list(Context& context) {
  catalogue::Problems problems;
  Result<std::unique_ptr<catalogue::Catalogue>> catalogue = open_catalogue(context, problems);
  if (!catalogue) return context.fail(catalogue.error());
  std::vector<std::vector<std::string>> rows = {
      {"PROVIDER", "VERSION", "CAPABILITIES", "LICENCE", "MATURITY", "SUMMARY"}};
  Value entries = Value::list();
  for (const std::string& name : (*catalogue)->provider_names()) {
    const catalogue::Provider* provider = (*catalogue)->provider(name, problems);
    if (provider == nullptr) continue;
    const Value& facts = provider->facts;
    rows.push_back({name, facts.string_or("version", ""), join(provider->capabilities, ", "),
                    facts.string_or("license", ""), facts.string_or("maturity", ""),
                    facts.string_or("summary", "")});
    entries.push(facts);
  }
  if (!problems.empty()) return context.fail(problems);
  Value value = Value::map();
  value.set("providers", std::move(entries));
  if (context.json()) {
    context.print_json(value);
  } else {
    context.terminal.print(format_table(rows));
  }
  return kSuccess;
}

int check(Context& context) {
  catalogue::Problems problems;
  Result<std::unique_ptr<catalogue::Catalogue>> catalogue = open_catalogue(context, problems);
  if (!catalogue) return context.fail(catalogue.error());
  (*catalogue)->check_all(problems);
  if (!problems.empty()) return context.fail(problems);
  context.terminal.print(std::to_string((*catalogue)->provider_names().size()) + " providers, " +
                         std::to_string((*catalogue)->contracts().size()) + " contracts, " +
                         std::to_string((*catalogue)->capabilities().size()) +
                         " capabilities: no faults\n");
  return kSuccess;
}

} // namespace

void add_catalogue(CLI::App& command, Invocation& invocation) {
  command.require_subcommand(1);
  command.add_subcommand("list", "the providers, with what they are")->callback([&invocation] {
    invocation.run = list;
  });
  command.add_subcommand("check", "read everything and check every expression")
      ->callback([&invocation] { invocation.run = check; });
}

} // namespace allod::cli
