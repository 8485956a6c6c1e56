#include "graph/resource.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"

namespace allod::graph {
namespace {

using document::Value;

constexpr std::pair<ResourceKind, std::string_view> kKinds[] = {
    {ResourceKind::network, "network"},   {ResourceKind::rule, "rule"},
    {ResourceKind::identity, "identity"}, {ResourceKind::secret, "secret"},
    {ResourceKind::volume, "volume"},     {ResourceKind::unit, "unit"},
    {ResourceKind::step, "step"},         {ResourceKind::binding, "binding"},
    {ResourceKind::backup, "backup"},
};

Place parse_place(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() < 3) return {};
  Place place;
  place.column = static_cast<std::uint32_t>(std::atoi(parts.back().c_str()));
  place.line = static_cast<std::uint32_t>(std::atoi(parts[parts.size() - 2].c_str()));
  place.file =
      text.substr(0, text.size() - parts.back().size() - parts[parts.size() - 2].size() - 2);
  return place;
}

Value origin_to_value(const Origin& origin) {
  Value value = Value::map();
  value.set("path", origin.path);
  value.set("expression", origin.expression);
  value.set("place", format_place(origin.place));
  Value inputs = Value::list();
  for (const Origin::Input& input : origin.inputs) {
    Value entry = Value::map();
    entry.set("name", input.name);
    if (!input.place.file.empty()) entry.set("place", format_place(input.place));
    inputs.push(std::move(entry));
  }
  value.set("inputs", std::move(inputs));
  return value;
}

Value resource_to_value(const Resource& resource) {
  Value value = Value::map();
  value.set("id", resource.id);
  value.set("kind", to_string(resource.kind));
  value.set("component", resource.component);
  value.set("spec", resource.spec);
  Value depends = Value::list();
  for (const std::string& id : resource.depends_on)
    depends.push(id);
  value.set("dependsOn", std::move(depends));
  Value origins = Value::list();
  for (const Origin& origin : resource.origins)
    origins.push(origin_to_value(origin));
  value.set("origins", std::move(origins));
  return value;
}

Origin origin_from_value(const Value& value) {
  Origin origin;
  origin.path = value.string_or("path", "");
  origin.expression = value.string_or("expression", "");
  origin.place = parse_place(value.string_or("place", ""));
  if (const Value* inputs = value.find("inputs"); inputs != nullptr && inputs->is_list()) {
    for (const Value& input : inputs->items()) {
      origin.inputs.push_back(
          {input.string_or("name", ""), parse_place(input.string_or("place", ""))});
    }
  }
  return origin;
}

Result<Resource> resource_from_value(const Value& value) {
  Resource resource;
  resource.id = value.string_or("id", "");
  resource.component = value.string_or("component", "");
  const std::string kind = value.string_or("kind", "");
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&](const auto& entry) { return entry.second == kind; });
  const Value* spec = value.find("spec");
  if (resource.id.empty() || found == std::end(kKinds) || spec == nullptr) {
    return Error(ErrorCode::invalid_input,
                 "not a resource: \"" + resource.id + "\" of kind \"" + kind + "\"");
  }
  resource.kind = found->first;
  resource.spec = *spec;
  resource.depends_on = value.strings_at("dependsOn");
  if (const Value* origins = value.find("origins"); origins != nullptr && origins->is_list()) {
    for (const Value& origin : origins->items())
      resource.origins.push_back(origin_from_value(origin));
  }
  return resource;
}

Value numbers_to_value(const std::map<std::string, int>& numbers) {
  Value value = Value::map();
  for (const auto& [name, number] : numbers)
    value.set(name, number);
  return value;
}

std::map<std::string, int> numbers_from_value(const Value* value) {
  std::map<std::string, int> numbers;
  if (value == nullptr || !value->is_map()) return numbers;
  for (const document::Member& member : value->members()) {
    if (member.value.is_integer())
      numbers[member.key] = static_cast<int>(member.value.as_integer());
  }
  return numbers;
}

/// Depth-first order with the path that is being followed, so that a cycle can be told.
class Sorter {
 public:
  explicit Sorter(std::vector<Resource>& resources)
      : resources_(resources), colours_(resources.size(), Colour::white) {
    for (std::size_t i = 0; i < resources.size(); ++i)
      index_.emplace(resources[i].id, i);
  }

  Status sort() {
    for (std::size_t i = 0; i < resources_.size(); ++i) {
      if (Status status = visit(i); !status) return status;
    }
    std::vector<Resource> sorted;
    sorted.reserve(resources_.size());
    for (const std::size_t i : order_)
      sorted.push_back(std::move(resources_[i]));
    resources_ = std::move(sorted);
    return {};
  }

 private:
  enum class Colour { white, grey, black };

  Status visit(std::size_t at) {
    if (colours_[at] == Colour::black) return {};
    if (colours_[at] == Colour::grey) return cycle(at);
    colours_[at] = Colour::grey;
    path_.push_back(at);
    for (const std::string& id : resources_[at].depends_on) {
      const auto found = index_.find(id);
      if (found == index_.end()) {
        return Error(ErrorCode::invalid_input,
                     resources_[at].id + " depends on " + id + ", which does not exist");
      }
      if (Status status = visit(found->second); !status) return status;
    }
    path_.pop_back();
    colours_[at] = Colour::black;
    order_.push_back(at);
    return {};
  }

  Error cycle(std::size_t at) const {
    std::string text;
    for (auto step = std::find(path_.begin(), path_.end(), at); step != path_.end(); ++step) {
      text += resources_[*step].id + " → ";
    }
    return Error(ErrorCode::invalid_input,
                 "resources wait for each other: " + text + resources_[at].id)
        .with_hint("a need that need not be ready first says wait: false");
  }

  std::vector<Resource>& resources_;
  std::vector<Colour> colours_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::size_t> path_;
  std::vector<std::size_t> order_;
};

} // namespace

std::string_view to_string(ResourceKind kind) {
  for (const auto& [candidate, name] : kKinds) {
    if (candidate == kind) return name;
  }
  return "resource";
}

const Origin* Resource::origin_of(std::string_view path) const {
  const Origin* best = nullptr;
  for (const Origin& origin : origins) {
    const bool covers = path.starts_with(origin.path) &&
                        (path.size() == origin.path.size() || path[origin.path.size()] == '.' ||
                         path[origin.path.size()] == '[');
    if (covers && (best == nullptr || origin.path.size() > best->path.size())) best = &origin;
  }
  return best;
}

std::string address_of(int host_part) {
  return "10.66." + std::to_string(host_part / 256) + "." + std::to_string(host_part % 256);
}

const Resource* Graph::find(std::string_view id) const {
  const auto found = std::find_if(resources.begin(), resources.end(),
                                  [&](const Resource& resource) { return resource.id == id; });
  return found == resources.end() ? nullptr : &*found;
}

Value to_value(const Graph& graph) {
  Value value = Value::map();
  value.set("stack", graph.stack);
  value.set("settings", graph.settings);
  Value allocations = Value::map();
  allocations.set("addresses", numbers_to_value(graph.allocations.addresses));
  if (!graph.allocations.outlets.empty())
    allocations.set("outlets", numbers_to_value(graph.allocations.outlets));
  allocations.set("users", numbers_to_value(graph.allocations.users));
  value.set("allocations", std::move(allocations));
  Value resources = Value::list();
  for (const Resource& resource : graph.resources)
    resources.push(resource_to_value(resource));
  value.set("resources", std::move(resources));
  return value;
}

Result<Graph> graph_from_value(const Value& value) {
  Graph graph;
  graph.stack = value.string_or("stack", "");
  const Value* settings = value.find("settings");
  const Value* resources = value.find("resources");
  if (graph.stack.empty() || settings == nullptr || resources == nullptr || !resources->is_list()) {
    return Error(ErrorCode::invalid_input, "this is not a resource graph");
  }
  graph.settings = *settings;
  graph.allocations.outlets = numbers_from_value(value.at_path({"allocations", "outlets"}));
  graph.allocations.addresses = numbers_from_value(value.at_path({"allocations", "addresses"}));
  graph.allocations.users = numbers_from_value(value.at_path({"allocations", "users"}));
  for (const Value& entry : resources->items()) {
    Result<Resource> resource = resource_from_value(entry);
    if (!resource) return std::move(resource).error();
    graph.resources.push_back(std::move(*resource));
  }
  return graph;
}

Status sort_by_dependency(std::vector<Resource>& resources) {
  return Sorter(resources).sort();
}

} // namespace allod::graph
