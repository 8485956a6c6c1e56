#include "cli/welcome.h"

#include "base/text.h"
#include "cli/pages.h"

namespace allod::cli {
namespace {

using document::Value;

/// The units on the longest path, in their order.
std::string longest_path(const Value& outcome) {
  std::vector<std::string> names;
  const Value* path = outcome.find("longestPath");
  if (path == nullptr || !path->is_list()) return {};
  for (const Value& step : path->items()) {
    const std::string id = step.string_or("id", "");
    if (id.starts_with("unit/")) names.push_back(id.substr(5));
  }
  return join(names, " → ");
}

std::uint64_t memory_of(const Value& status) {
  std::uint64_t total = static_cast<std::uint64_t>(status.integer_or("agentMemoryBytes", 0));
  const Value* components = status.find("components");
  if (components == nullptr || !components->is_map()) return total;
  for (const document::Member& component : components->members()) {
    const Value* units = component.value.find("units");
    if (units == nullptr || !units->is_map()) continue;
    for (const document::Member& unit : units->members()) {
      total += static_cast<std::uint64_t>(unit.value.integer_or("memoryBytes", 0));
    }
  }
  return total;
}

std::vector<std::vector<std::string>> page_rows(const graph::Graph& graph) {
  std::vector<std::vector<std::string>> rows;
  for (const PublishedPage& page : published_pages(graph))
    rows.push_back({"  " + page.title, page.url});
  return rows;
}

std::vector<std::vector<std::string>> sign_in_rows(const ResolvedStack& resolved) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& component : resolved.blueprint.components) {
    for (const auto& [name, secret] : component->provider->secrets) {
      if (secret.shown_as.empty()) continue;
      rows.push_back({"  Sign in",
                      secret.shown_as + ", first password: allod secret show " + secret.shown_as});
    }
  }
  return rows;
}

} // namespace

std::string welcome(const Terminal& terminal, const ResolvedStack& resolved,
                    const graph::Graph& graph, agent::ApiClient& client, const Value& outcome,
                    std::int64_t milliseconds) {
  const Result<Value> status = client.call("status");
  const Value* plan = outcome.find("plan");
  bool changed = false;
  if (plan != nullptr && plan->is_map()) {
    for (const document::Member& count : plan->members())
      changed = changed || (count.value.is_integer() && count.value.as_integer() > 0);
  }
  std::string text = changed ? "\nReady in " + format_duration(milliseconds)
                             : "\nNothing to do: everything is as declared (" +
                                   format_duration(milliseconds) + ")";
  const std::string path = longest_path(outcome);
  if (changed && !path.empty()) text += " (longest path: " + path + ")";
  if (status) text += ". " + format_size(memory_of(*status)) + " of memory";
  text += ".\n\n";
  std::vector<std::vector<std::string>> rows = page_rows(graph);
  for (auto& row : sign_in_rows(resolved))
    rows.push_back(std::move(row));
  rows.push_back({"  Next", "allod status · allod explain COMPONENT · allod logs COMPONENT"});
  text += format_table(rows);
  if (status) {
    const Value* line = status->at_path({"token", "line"});
    const Value* software = status->at_path({"token", "software"});
    if (line != nullptr && line->is_string()) {
      const bool warn = software != nullptr && software->is_boolean() && software->as_boolean();
      text += "\n  " +
              terminal.paint(warn ? Colour::yellow : Colour::plain, "Keys: " + line->as_string()) +
              "\n";
    }
  }
  return text;
}

} // namespace allod::cli
