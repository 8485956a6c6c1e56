#include <algorithm>
#include <memory>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/image_service.h"
#include "cli/pipeline.h"
#include "cli/verbs.h"
#include "document/json_writer.h"
#include "document/yaml_writer.h"

namespace allod::cli {
namespace {

using document::Value;
using graph::Resource;

/// Texts with secrets' names in place of their markers.
Value readable(const Value& value) {
  if (value.is_string()) return Value(graph::without_markers(value.as_string()));
  if (value.is_list()) {
    Value list = Value::list();
    for (const Value& item : value.items())
      list.push(readable(item));
    return list;
  }
  if (!value.is_map()) return value;
  Value map = Value::map();
  for (const document::Member& member : value.members())
    map.set(member.key, readable(member.value));
  return map;
}

std::vector<const Resource*> matching(const graph::Graph& graph, const std::string& name) {
  std::vector<const Resource*> found;
  for (const Resource& resource : graph.resources) {
    if (resource.id == name) return {&resource};
    const std::string bare = resource.id.substr(resource.id.find('/') + 1);
    if (resource.component == name || bare == name) found.push_back(&resource);
  }
  return found;
}

std::vector<std::string> dependants(const graph::Graph& graph, const std::string& id) {
  std::vector<std::string> ids;
  for (const Resource& resource : graph.resources) {
    const auto& needed = resource.depends_on;
    if (std::find(needed.begin(), needed.end(), id) != needed.end()) ids.push_back(resource.id);
  }
  return ids;
}

std::string describe_origins(const Resource& resource) {
  std::string text;
  for (const graph::Origin& origin : resource.origins) {
    text += "    " + origin.path + "\n      = " + origin.expression + "  (" +
            format_place(origin.place) + ")\n";
    for (const graph::Origin::Input& input : origin.inputs) {
      if (!input.place.file.empty())
        text += "      " + input.name + " is written at " + format_place(input.place) + "\n";
    }
  }
  return text;
}

std::string indent(const std::string& text, const std::string& by) {
  std::string result;
  for (const std::string& line : split(text, '\n')) {
    if (!line.empty()) result += by + line + "\n";
  }
  return result;
}

std::string describe(const graph::Graph& graph, const Resource& resource,
                     const Terminal& terminal) {
  std::string text = terminal.paint(Colour::bold, resource.id) + "\n";
  text += indent(document::write_yaml(readable(resource.spec)), "    ");
  if (!resource.origins.empty())
    text += "  Where its values come from\n" + describe_origins(resource);
  if (!resource.depends_on.empty())
    text += "  Depends on      " + join(resource.depends_on, ", ") + "\n";
  const std::vector<std::string> users = dependants(graph, resource.id);
  if (!users.empty()) text += "  Needed by       " + join(users, ", ") + "\n";
  return text + "\n";
}

std::string overview(const graph::Graph& graph, const std::vector<const Resource*>& found) {
  std::vector<std::vector<std::string>> rows;
  for (const Resource* resource : found) {
    const std::vector<std::string> users = dependants(graph, resource->id);
    rows.push_back({"  " + resource->id,
                    resource->depends_on.empty() ? "" : "← " + join(resource->depends_on, ", ")});
  }
  return format_table(rows);
}

/// The graph of the declaration here, or what is recorded where there is none.
std::optional<graph::Graph> graph_here(Context& context, int& code) {
  catalogue::Problems problems;
  if (const std::unique_ptr<ResolvedStack> resolved = resolve_stack(context.options, problems)) {
    Result<ImageService> images = ImageService::open(*resolved->catalogue, {});
    if (!images) {
      code = context.fail(images.error());
      return std::nullopt;
    }
    std::optional<Planned> planned = plan_stack(*resolved, images->keys(), problems);
    if (planned) return std::move(planned->graph);
  } else if (const Result<std::string> stack = find_stack(context.options)) {
    Result<std::optional<graph::Graph>> recorded = recorded_graph(*stack);
    if (recorded && *recorded) return std::move(**recorded);
  }
  code = context.fail(problems);
  return std::nullopt;
}

int run(Context& context, const std::string& name) {
  int code = kSuccess;
  const std::optional<graph::Graph> graph = graph_here(context, code);
  if (!graph) return code;
  const std::vector<const Resource*> found = matching(*graph, name);
  if (found.empty()) {
    std::vector<std::string> known;
    for (const Resource& resource : graph->resources) {
      known.push_back(resource.id);
      if (std::find(known.begin(), known.end(), resource.component) == known.end())
        known.push_back(resource.component);
    }
    const std::string near = nearest(name, known);
    return context.fail(Error(ErrorCode::not_found, "the stack has nothing called \"" + name + "\"")
                            .with_hint(near.empty() ? "allod plan --all names everything"
                                                    : "did you mean \"" + near + "\"?"));
  }
  if (context.json()) {
    graph::Graph part = *graph;
    part.resources.clear();
    for (const Resource* resource : found)
      part.resources.push_back(*resource);
    context.print_json(graph::to_value(part));
    return kSuccess;
  }
  if (found.size() > 4) {
    context.terminal.print(overview(*graph, found) +
                           "\n  allod explain RESOURCE shows one of them with every value.\n");
    return kSuccess;
  }
  for (const Resource* resource : found)
    context.terminal.print(describe(*graph, *resource, context.terminal));
  return kSuccess;
}

} // namespace

void add_explain(CLI::App& command, Invocation& invocation) {
  auto name = std::make_shared<std::string>();
  command
      .add_option("NAME", *name, "a component or a resource, for instance unit/postgresql.server")
      ->required();
  command.callback([&invocation, name] {
    invocation.run = [name](Context& context) { return run(context, *name); };
  });
}

} // namespace allod::cli
