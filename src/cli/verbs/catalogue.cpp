#include "catalogue/catalogue.h"

#include <memory>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/provider_page.h"
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

int show(Context& context, const std::string& name) {
  catalogue::Problems problems;
  Result<std::unique_ptr<catalogue::Catalogue>> catalogue = open_catalogue(context, problems);
  if (!catalogue) return context.fail(catalogue.error());
  const catalogue::Provider* provider = (*catalogue)->provider(name, problems);
  if (!problems.empty()) return context.fail(problems);
  if (provider == nullptr) {
    return context.fail(
        Error(ErrorCode::not_found, "there is no provider \"" + name + "\"")
            .with_hint(document::suggestion(name, (*catalogue)->provider_names(), "providers")));
  }
  if (!context.json()) {
    context.terminal.print(provider_page(*provider));
    return kSuccess;
  }
  Value value = Value::map();
  value.set("provider", provider->facts);
  value.set("baseline", provider->baseline);
  value.set("monitoring", provider->monitoring);
  context.print_json(value);
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
  CLI::App& page = *command.add_subcommand(
      "show", "one provider: its parameters with examples, its security baseline, its alerts");
  auto name = std::make_shared<std::string>();
  page.add_option("PROVIDER", *name, "for instance postgresql")->required();
  page.callback([&invocation, name] {
    invocation.run = [name](Context& context) { return show(context, *name); };
  });
  command.add_subcommand("check", "read everything and check every expression")
      ->callback([&invocation] { invocation.run = check; });
}

} // namespace allod::cli
