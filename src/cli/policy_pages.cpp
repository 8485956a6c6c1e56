#include "cli/policy_pages.h"

#include <algorithm>

#include "base/text.h"
#include "check/run.h"
#include "cli/check_session.h"
#include "cli/exit_code.h"

namespace allod::cli {
namespace {

using document::Value;

/// The policies of a choice, compiled; problems are shown by the caller.
check::Policies compiled(const check::ChosenPolicies& chosen, std::vector<Error>& problems) {
  check::PolicyDocuments documents;
  check::read_policies(chosen, documents, problems);
  return check::compile(std::move(documents), std::make_shared<policy::Resources>(), problems);
}

std::vector<const policy::Policy*> by_name(const check::Policies& policies) {
  std::vector<const policy::Policy*> list;
  for (const std::unique_ptr<const policy::Policy>& policy : policies.set.policies())
    list.push_back(policy.get());
  return list;
}

Value texts(const std::vector<std::string>& list) {
  Value values = Value::list();
  for (const std::string& text : list)
    values.push(text);
  return values;
}

Value policy_value(const check::Rule& rule, const policy::Policy& policy) {
  Value value = Value::map();
  value.set("policy", rule.policy);
  value.set("title", rule.title);
  value.set("severity", check::to_string(rule.severity));
  value.set("rationale", rule.rationale);
  value.set("mend", rule.mend);
  value.set("controls", texts(rule.controls));
  value.set("file", rule.place.file);
  Value& validations = value.set("validations", Value::list());
  for (const policy::Validation& validation : policy.validations) {
    Value& entry = validations.push(Value::map());
    entry.set("expression", validation.expression.source());
    if (!validation.message.empty()) entry.set("message", validation.message);
  }
  return value;
}

/// Lines of at most 78 columns behind an indentation.
std::string wrapped(std::string_view text, std::size_t indentation) {
  const std::string margin(indentation, ' ');
  std::string out;
  std::string line;
  std::string flat(text);
  std::replace(flat.begin(), flat.end(), '\n', ' ');
  for (const std::string& word : split(flat, ' ')) {
    if (word.empty()) continue;
    if (!line.empty() && indentation + line.size() + 1 + word.size() > 78) {
      out += margin + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return line.empty() ? out : out + margin + line + "\n";
}

std::string indented(std::string_view text, std::size_t indentation) {
  const std::string margin(indentation, ' ');
  return margin + join(split(trim(text), '\n'), "\n" + margin) + "\n";
}

std::string page(const check::Rule& rule, const policy::Policy& policy, const Terminal& terminal) {
  std::string text = terminal.paint(Colour::bold, rule.policy) + "  " +
                     std::string(check::to_string(rule.severity)) + "\n";
  if (!rule.title.empty()) text += wrapped(rule.title, 2);
  const auto section = [&](std::string_view name, const std::string& body) {
    if (!body.empty()) text += "\n" + terminal.paint(Colour::bold, name) + "\n" + body;
  };
  section("Why", wrapped(rule.rationale, 2));
  section("How to mend it", wrapped(rule.mend, 2));
  section("Controls", wrapped(join(rule.controls, ", "), 2));
  std::string validations;
  for (std::size_t i = 0; i < policy.validations.size(); ++i) {
    const policy::Validation& validation = policy.validations[i];
    const std::string message = validation.message_expression
                                    ? validation.message_expression->source()
                                    : validation.message;
    validations += "  " + std::to_string(i) + "  " + message + "\n" +
                   indented(validation.expression.source(), 5);
  }
  section("What must hold", validations);
  section("Where it is written",
          "  " + rule.place.file + ":" + std::to_string(rule.place.line) + "\n");
  return text;
}

} // namespace

int list_policies(Context& context) {
  const Result<check::PolicyLibrary> library = open_library(context);
  if (!library) return context.fail(library.error());
  catalogue::Problems problems;
  std::vector<std::vector<std::string>> rows = {{"SET", "POLICY", "SEVERITY", "TITLE"}};
  Value entries = Value::list();
  for (const std::string& set : library->sets()) {
    const check::Policies policies = compiled({library->files_of_set(set), {}}, problems);
    for (const policy::Policy* policy : by_name(policies)) {
      const check::Rule& rule = policies.rules[policies.rule_of(policy)];
      rows.push_back({set, rule.policy, std::string(check::to_string(rule.severity)), rule.title});
      entries.push(policy_value(rule, *policy)).set("set", set);
    }
  }
  if (!problems.empty()) return context.fail(problems);
  Value value = Value::map();
  value.set("policies", std::move(entries));
  if (context.json()) {
    context.print_json(value);
  } else {
    context.terminal.print(format_table(rows));
  }
  return kSuccess;
}

int explain_policy(Context& context, const std::string& what) {
  const Result<check::PolicyLibrary> library = open_library(context);
  if (!library) return context.fail(library.error());
  const Result<check::ChosenPolicies> chosen = library->find(what);
  catalogue::Problems problems;
  if (!chosen) {
    (void)context.fail(chosen.error());
    return kInvalidInput;
  }
  const check::Policies policies = compiled(*chosen, problems);
  if (!problems.empty()) return context.fail(problems);
  Value entries = Value::list();
  std::string text;
  for (const policy::Policy* policy : by_name(policies)) {
    const check::Rule& rule = policies.rules[policies.rule_of(policy)];
    entries.push(policy_value(rule, *policy));
    text += (text.empty() ? "" : "\n") + page(rule, *policy, context.terminal);
  }
  Value value = Value::map();
  value.set("policies", std::move(entries));
  if (context.json()) {
    context.print_json(value);
  } else {
    context.terminal.print(text);
  }
  return kSuccess;
}

} // namespace allod::cli
