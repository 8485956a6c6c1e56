#include "cli/plan_text.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "document/json_writer.h"
#include "graph/compile.h"

namespace allod::cli {
namespace {

using graph::Action;
using graph::Change;
using graph::Reason;

constexpr std::size_t kShownReasons = 4;
constexpr std::size_t kShownValue = 60;

std::string count(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::string show(const std::optional<document::Value>& value) {
  if (!value) return "nothing";
  std::string text = graph::without_markers(document::write_json(*value));
  if (text.size() > kShownValue) text = text.substr(0, kShownValue - 1) + "…";
  return text;
}

std::string show_reason(const Reason& reason) {
  std::string text = reason.path + ": " + show(reason.before) + " → " + show(reason.after);
  for (const graph::Origin::Input& input : reason.inputs) {
    if (input.place.file.empty()) continue;
    text +=
        "  (" + input.name + ", " + input.place.file + ":" + std::to_string(input.place.line) + ")";
  }
  return text;
}

const char* sign_of(Action action) {
  switch (action) {
  case Action::create:
    return "+";
  case Action::remove:
    return "-";
  case Action::restart:
    return "!";
  case Action::reload:
  case Action::rerun:
  case Action::update:
    return "~";
  case Action::none:
    return " ";
  }
  return " ";
}

Colour colour_of(Action action) {
  switch (action) {
  case Action::create:
    return Colour::green;
  case Action::remove:
    return Colour::red;
  case Action::restart:
    return Colour::yellow;
  default:
    return Colour::plain;
  }
}

std::string show_change(const Change& change, const Terminal& terminal, bool all) {
  const std::string action(graph::to_string(change.action));
  std::string text = "  " +
                     terminal.paint(colour_of(change.action),
                                    std::string(sign_of(change.action)) + " " + change.id) +
                     "  " + action + "\n";
  const std::size_t shown =
      all ? change.reasons.size() : std::min(kShownReasons, change.reasons.size());
  for (std::size_t i = 0; i < shown; ++i)
    text += "      " + show_reason(change.reasons[i]) + "\n";
  if (shown < change.reasons.size()) {
    text += "      and " + count(change.reasons.size() - shown, "more reason") +
            " (--all shows them)\n";
  }
  return text;
}

std::string count_creations(const graph::Plan& plan) {
  std::map<std::string, std::size_t> kinds;
  for (const Change& change : plan.changes) {
    if (change.action == Action::create) ++kinds[std::string(graph::to_string(change.kind))];
  }
  std::vector<std::string> parts;
  for (const auto& [kind, number] : kinds) {
    parts.push_back(kind == "identity" && number != 1 ? std::to_string(number) + " identities"
                                                      : count(number, kind));
  }
  return join(parts, ", ");
}

std::string restarts_line(const graph::Plan& plan) {
  std::vector<std::string> units;
  for (const Change& change : plan.changes) {
    if (change.action == Action::restart)
      units.push_back(change.id.substr(change.id.find('/') + 1));
  }
  return units.empty() ? "Nothing that runs is restarted.\n"
                       : "Restarts: " + join(units, ", ") + "\n";
}

} // namespace

std::string summarise_plan(const Planned& planned) {
  if (planned.plan.empty()) return "nothing to do";
  std::set<std::string> components;
  for (const graph::Resource& resource : planned.graph.resources)
    components.insert(resource.component);
  const std::size_t created = planned.plan.count(Action::create);
  const std::size_t removed = planned.plan.count(Action::remove);
  const std::size_t changed = planned.plan.changes.size() - created - removed;
  const std::size_t restarted = planned.plan.count(Action::restart);
  std::vector<std::string> parts;
  if (created > 0) parts.push_back(count(created, "resource") + " to create");
  if (changed > 0) {
    parts.push_back(std::to_string(changed) + " to change" +
                    (restarted > 0 ? " (" + count(restarted, "restart") + ")" : std::string()));
  }
  if (removed > 0) parts.push_back(std::to_string(removed) + " to remove");
  return count(components.size(), "component") + ", " + join(parts, ", ");
}

std::string describe_plan(const Planned& planned, const Terminal& terminal, bool all) {
  if (planned.plan.empty())
    return "Nothing to do: the platform is as " + planned.graph.stack + " declares it.\n";
  std::string text = "Stack " + planned.graph.stack + ": " + summarise_plan(planned) + "\n\n";
  const bool fold = !all && planned.plan.count(Action::create) > 12;
  if (fold)
    text += "  " + terminal.paint(Colour::green, "+ " + count_creations(planned.plan)) +
            "  (--all names them)\n";
  for (const Change& change : planned.plan.changes) {
    if (fold && change.action == Action::create) continue;
    text += show_change(change, terminal, all);
  }
  if (planned.recorded) text += "\n" + restarts_line(planned.plan);
  return text;
}

} // namespace allod::cli
