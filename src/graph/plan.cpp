#include "graph/plan.h"

#include <algorithm>
#include <unordered_map>

#include "document/difference.h"

namespace allod::graph {
namespace {

using document::PathStep;
using document::Value;

constexpr std::pair<Action, std::string_view> kActions[] = {
    {Action::none, "nothing"},  {Action::create, "create"},   {Action::update, "update"},
    {Action::reload, "reload"}, {Action::restart, "restart"}, {Action::rerun, "run again"},
    {Action::remove, "remove"},
};

const std::string* key_at(const std::vector<PathStep>& path, std::size_t i) {
  return i < path.size() ? std::get_if<std::string>(&path[i]) : nullptr;
}

bool is_key(const std::vector<PathStep>& path, std::size_t i, std::string_view name) {
  const std::string* key = key_at(path, i);
  return key != nullptr && *key == name;
}

/// What a change of a file's content means: as its `change` says, before and after.
Action action_of_file(const std::vector<PathStep>& path, const Value& before, const Value& after) {
  const std::string* file = key_at(path, 1);
  if (file == nullptr || is_key(path, 2, "change")) return Action::restart;
  const Value* now = after.at_path({"files", *file});
  // A file that comes or goes changes the unit's mounts.
  if (before.at_path({"files", *file}) == nullptr || now == nullptr) return Action::restart;
  const std::string change = now->string_or("change", "restart");
  if (change == "none") return Action::update;
  return change == "reload" ? Action::reload : Action::restart;
}

/// docs/graph.md, "What a change means".
Action action_of_unit_leaf(const std::vector<PathStep>& path, const Value& before,
                           const Value& after) {
  if (is_key(path, 0, "hosts") || is_key(path, 0, "ready") || is_key(path, 0, "stop") ||
      is_key(path, 0, "log")) {
    return Action::update;
  }
  if (is_key(path, 0, "files")) return action_of_file(path, before, after);
  const bool reload_rule =
      is_key(path, 0, "identity") && (is_key(path, 1, "reload") || is_key(path, 1, "bundle"));
  return reload_rule ? Action::update : Action::restart;
}

Action action_of_leaf(const Resource& resource, const std::vector<PathStep>& path,
                      const Value& before) {
  switch (resource.kind) {
  case ResourceKind::unit:
    return action_of_unit_leaf(path, before, resource.spec);
  case ResourceKind::step: {
    // What a step may use and whom it could look up change nothing of what it has done.
    const bool surroundings = is_key(path, 1, "resources") || is_key(path, 1, "hosts");
    // How it would be taken back changes nothing either.
    if (is_key(path, 0, "undo")) return Action::update;
    return is_key(path, 0, "run") && surroundings ? Action::update : Action::rerun;
  }
  default:
    return Action::update;
  }
}

/// Where in a value the texts stand that `text` is true for.
std::vector<std::vector<PathStep>> places_of(const Value& value,
                                             const std::function<bool(const std::string&)>& text) {
  std::vector<std::vector<PathStep>> places;
  const auto below = [&](const PathStep& step, const Value& part) {
    for (std::vector<PathStep>& place : places_of(part, text)) {
      place.insert(place.begin(), step);
      places.push_back(std::move(place));
    }
  };
  if (value.is_string() && text(value.as_string())) places.emplace_back();
  if (value.is_list()) {
    for (std::size_t i = 0; i < value.items().size(); ++i)
      below(i, value.items()[i]);
  }
  if (value.is_map()) {
    for (const document::Member& member : value.members())
      below(member.key, member.value);
  }
  return places;
}

Change compare(const Resource& before, const Resource& after) {
  Change change{after.id, after.kind, Action::none, {}};
  for (document::Change& leaf : document::difference(before.spec, after.spec)) {
    Reason reason;
    reason.path = document::format_path(leaf.path);
    if (const Origin* origin = after.origin_of(reason.path)) reason.inputs = origin->inputs;
    change.action = std::max(change.action, action_of_leaf(after, leaf.path, before.spec));
    if (leaf.before != nullptr) reason.before = *leaf.before;
    if (leaf.after != nullptr) reason.after = *leaf.after;
    change.reasons.push_back(std::move(reason));
  }
  return change;
}

} // namespace

std::string_view to_string(Action action) {
  for (const auto& [candidate, name] : kActions) {
    if (candidate == action) return name;
  }
  return "nothing";
}

const Change* Plan::find(std::string_view id) const {
  const auto found = std::find_if(changes.begin(), changes.end(),
                                  [&](const Change& change) { return change.id == id; });
  return found == changes.end() ? nullptr : &*found;
}

std::size_t Plan::count(Action action) const {
  return static_cast<std::size_t>(
      std::count_if(changes.begin(), changes.end(),
                    [&](const Change& change) { return change.action == action; }));
}

Plan difference(const Graph* recorded, const Graph& desired,
                const std::vector<std::string>& repeated) {
  std::unordered_map<std::string_view, const Resource*> before;
  if (recorded != nullptr) {
    for (const Resource& resource : recorded->resources)
      before.emplace(resource.id, &resource);
  }
  Plan plan;
  for (const Resource& resource : desired.resources) {
    const auto known = before.find(resource.id);
    if (known == before.end()) {
      plan.changes.push_back({resource.id, resource.kind, Action::create, {}});
      continue;
    }
    Change change = compare(*known->second, resource);
    before.erase(known);
    if (resource.kind == ResourceKind::step &&
        std::find(repeated.begin(), repeated.end(), resource.component) != repeated.end()) {
      change.action = Action::rerun;
    }
    if (change.action != Action::none) plan.changes.push_back(std::move(change));
  }
  if (recorded == nullptr) return plan;
  for (auto resource = recorded->resources.rbegin(); resource != recorded->resources.rend();
       ++resource) {
    if (before.contains(resource->id))
      plan.changes.push_back({resource->id, resource->kind, Action::remove, {}});
  }
  return plan;
}

Plan touched(const Graph& graph, const std::function<bool(const std::string&)>& text) {
  Plan plan;
  for (const Resource& resource : graph.resources) {
    const std::vector<std::vector<PathStep>> places = places_of(resource.spec, text);
    if (places.empty()) continue;
    Change change{resource.id, resource.kind, Action::none, {}};
    for (const std::vector<PathStep>& place : places)
      change.action = std::max(change.action, action_of_leaf(resource, place, resource.spec));
    plan.changes.push_back(std::move(change));
  }
  return plan;
}

Value to_value(const Plan& plan) {
  Value changes = Value::list();
  for (const Change& change : plan.changes) {
    Value entry = Value::map();
    entry.set("id", change.id);
    entry.set("kind", to_string(change.kind));
    entry.set("action", to_string(change.action));
    Value reasons = Value::list();
    for (const Reason& reason : change.reasons) {
      Value row = Value::map();
      row.set("path", reason.path);
      if (reason.before) row.set("before", *reason.before);
      if (reason.after) row.set("after", *reason.after);
      Value inputs = Value::list();
      for (const Origin::Input& input : reason.inputs) {
        Value source = Value::map();
        source.set("name", input.name);
        if (!input.place.file.empty()) {
          source.set("file", input.place.file);
          source.set("line", static_cast<std::int64_t>(input.place.line));
        }
        inputs.push(std::move(source));
      }
      row.set("inputs", std::move(inputs));
      reasons.push(std::move(row));
    }
    entry.set("reasons", std::move(reasons));
    changes.push(std::move(entry));
  }
  Value value = Value::map();
  value.set("changes", std::move(changes));
  return value;
}

} // namespace allod::graph
