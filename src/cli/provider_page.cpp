#include "cli/provider_page.h"

#include "base/text.h"
#include "catalogue/monitoring.h"
#include "document/json_writer.h"
#include "document/yaml_writer.h"

namespace allod::cli {
namespace {

using catalogue::Provider;
using document::Member;
using document::Value;

std::string code(const std::string& text) {
  return "`" + text + "`";
}

/// As it can stand in a stack: a text alone, anything else as JSON, which YAML reads.
std::string written(const Value& value) {
  if (value.is_string() && value.as_string().empty()) return code("\"\"");
  return code(document::plain_text(value));
}

/// "storage: 50Gi", on one line.
std::string as_member(const std::string& key, const Value& value) {
  if (value.is_list() || value.is_map()) return key + ": " + document::write_json(value);
  Value map = Value::map();
  map.set(key, value);
  return std::string(trim(document::write_yaml(map)));
}

std::string limits(const Value& schema) {
  const Value* least = schema.find("minimum");
  const Value* most = schema.find("maximum");
  if (least != nullptr && most != nullptr)
    return document::plain_text(*least) + " to " + document::plain_text(*most);
  if (least != nullptr) return "at least " + document::plain_text(*least);
  return most == nullptr ? "" : "at most " + document::plain_text(*most);
}

/// What a value may be, in words, from its schema.
std::string form(const Value& schema) {
  if (const Value* choices = schema.find("enum")) {
    std::vector<std::string> words;
    for (const Value& choice : choices->items())
      words.push_back(written(choice));
    return join(words, " or ");
  }
  const std::string type = schema.string_or("type", "anything");
  if (type == "boolean") return "`true` or `false`";
  if (type == "integer" || type == "number") {
    const std::string range = limits(schema);
    const std::string what = type == "integer" ? "whole number" : "number";
    return range.empty() ? what : what + ", " + range;
  }
  if (type == "array") {
    const Value* items = schema.find("items");
    return items == nullptr ? "list" : "list, each of it: " + form(*items);
  }
  if (type != "string") return type;
  const std::string format = schema.string_or("format", "");
  if (!format.empty()) return format;
  const std::string pattern = schema.string_or("pattern", "");
  return pattern.empty() ? "text" : "text that matches " + code(pattern);
}

std::string parameters_section(const Provider& provider) {
  std::string text = "## Parameters\n\n";
  const Value* properties = provider.parameters.find("properties");
  if (properties == nullptr || properties->size() == 0) return text + "None.\n\n";
  Value examples = Value::map();
  for (const Member& member : properties->members()) {
    const Value& schema = member.value;
    text += "### " + member.key + "\n\n" + schema.string_or("description", "") + "\n\n";
    text += "- Form: " + form(schema) + "\n";
    if (const Value* fallback = schema.find("default"))
      text += "- Default: " + written(*fallback) + "\n";
    const Value* example = schema.find("examples");
    if (example != nullptr && example->size() > 0) {
      examples.set(member.key, example->items().front());
      text += "- Example: " + code(as_member(member.key, example->items().front())) + "\n";
    }
    text += "\n";
  }
  Value stack = Value::map();
  stack.set("parameters", std::move(examples));
  return text + "All examples together, below a component of stack.yaml:\n\n```yaml\n" +
         document::write_yaml(stack) + "```\n\n";
}

std::string shown_by(const Value& shown) {
  std::vector<std::string> ways;
  const std::string unit = shown.string_or("unit", "");
  const std::string file = shown.string_or("file", "");
  if (!unit.empty())
    ways.push_back("the rendered unit " + code(unit) +
                   (file.empty() ? "" : ", file " + code(file)));
  for (const std::string& test : shown.strings_at("tests"))
    ways.push_back("the test " + code(test));
  return join(ways, "; ");
}

std::string baseline_section(const Provider& provider) {
  const Value* requirements = provider.baseline.find("requirements");
  if (requirements == nullptr) return {};
  std::string text = "## Security baseline\n\n"
                     "What must hold, why, which controls it serves, and what shows it. The "
                     "conditions over rendered "
                     "units are evaluated by the test `Baseline.HoldsOnTheDefaultStack`; `content` "
                     "is the file's.\n\n";
  for (const Value& requirement : requirements->items()) {
    const Value& shown = *requirement.find("shown");
    text += "### " + requirement.string_or("id", "") + "\n\n";
    text += "**" + requirement.string_or("title", "") + ".** " +
            requirement.string_or("rationale", "") + "\n\n";
    text += "- Controls: " + join(requirement.strings_at("controls"), ", ") + "\n";
    text += "- Shown by: " + shown_by(shown) + "\n\n";
    if (const Value* expression = shown.find("expression"))
      text += "```cel\n" + expression->as_string() + "\n```\n\n";
  }
  return text;
}

std::string alerts_section(const Provider& provider) {
  const Value* alerts = provider.monitoring.find("alerts");
  if (alerts == nullptr || alerts->size() == 0) return {};
  std::string text = "## Alerts\n\nThe runbook says what to do about each.\n\n"
                     "| Alert | Severity | After |\n|---|---|---|\n";
  for (const Member& member : alerts->members()) {
    text += "| [" + member.key + "](../../catalogue/providers/" +
            catalogue::runbook_of(provider.name, member.key) + ") | " +
            member.value.string_or("severity", "") + " | " + member.value.string_or("for", "") +
            " |\n";
  }
  return text + "\n";
}

std::string facts_section(const Provider& provider) {
  const Value& facts = provider.facts;
  std::string text = "# " + facts.string_or("title", provider.name) + "\n\n" +
                     facts.string_or("summary", "") + ".\n\n";
  const auto fact = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) text += "- " + name + ": " + value + "\n";
  };
  fact("Provider",
       code(provider.name) +
           (provider.capabilities.empty() ? "" : " of " + join(provider.capabilities, ", ")));
  fact("Version", facts.string_or("version", ""));
  fact("Licence", facts.string_or("license", ""));
  fact("Governance", facts.string_or("governance", ""));
  fact("Maturity", facts.string_or("maturity", ""));
  if (const Value* lifecycle = facts.find("lifecycle")) {
    fact("End of support", lifecycle->string_or("endOfSupport", ""));
    fact("Life cycle", lifecycle->string_or("note", ""));
  }
  fact("Its own documentation", "<" + facts.string_or("documentation", "") + ">");
  const std::string folder = "../../catalogue/providers/" + provider.name;
  text += "\n[Runbook](" + folder + "/runbook.md) · [how it is tested](" + folder +
          "/testing.md) · [why it is so](" + folder + "/adr.md)\n\n";
  const std::vector<std::string> risks = facts.strings_at("risks");
  if (risks.empty()) return text;
  text += "## Risks\n\n";
  for (const std::string& risk : risks)
    text += "- " + risk + "\n";
  return text + "\n";
}

} // namespace

std::string provider_page(const Provider& provider) {
  return std::string(trim(facts_section(provider) + parameters_section(provider) +
                          baseline_section(provider) + alerts_section(provider))) +
         "\n";
}

} // namespace allod::cli
