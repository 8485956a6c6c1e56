#include "cli/pipeline.h"

#include <algorithm>

#include "agent/agent.h"
#include "agent/places.h"
#include "agent/state.h"
#include "base/files.h"
#include "base/text.h"
#include "document/document_file.h"

namespace allod::cli {
namespace {

void check_names(const std::vector<std::string>& names, const graph::Graph& graph,
                 catalogue::Problems& problems) {
  std::vector<std::string> known;
  for (const graph::Resource& resource : graph.resources) {
    if (resource.kind == graph::ResourceKind::network) known.push_back(resource.component);
  }
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    Error error(ErrorCode::not_found, "the stack has no component " + name);
    const std::string meant = nearest(name, known);
    problems.push_back(meant.empty() ? std::move(error).with_hint("there are " + join(known, ", "))
                                     : std::move(error).with_hint("did you mean " + meant + "?"));
  }
}

} // namespace

std::vector<std::string> ResolvedStack::images() const {
  std::vector<std::string> names;
  const auto add = [&](const catalogue::Provider& provider, std::string name) {
    if (name.empty()) return;
    if (name.find('/') == std::string::npos) name = provider.name + "/" + name;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  const bool backups =
      std::any_of(blueprint.components.begin(), blueprint.components.end(),
                  [](const auto& component) { return component->provider->keeps_backups(); });
  for (const auto& component : blueprint.components) {
    for (const catalogue::UnitRecipe& unit : component->provider->units)
      add(*component->provider, unit.source.string_or("image", ""));
    if (!backups) continue;
    for (const catalogue::CopyRecipe& copy : component->provider->backup)
      add(*component->provider, copy.restore.image);
  }
  return names;
}

std::unique_ptr<ResolvedStack> resolve_stack(const GlobalOptions& options,
                                             catalogue::Problems& problems) {
  const auto give_up = [&](Error error) {
    problems.push_back(std::move(error));
    return nullptr;
  };
  Result<std::string> folder = find_catalogue(options);
  if (!folder) return give_up(std::move(folder).error());
  Result<std::unique_ptr<catalogue::Catalogue>> catalogue =
      catalogue::Catalogue::open(*folder, problems);
  if (!catalogue) return give_up(std::move(catalogue).error());
  if (!exists(options.file)) {
    return give_up(Error(ErrorCode::not_found, "there is no " + options.file + " here")
                       .with_hint("write one with: allod init"));
  }
  Result<document::Value> declaration = document::read_document_file(options.file);
  if (!declaration) return give_up(std::move(declaration).error());
  if (!(*catalogue)->validate("allod:stack", *declaration, problems)) return nullptr;
  auto resolved = std::make_unique<ResolvedStack>();
  resolved->catalogue = std::move(*catalogue);
  resolved->stack = stack::read_stack(*declaration, problems);
  resolved->blueprint = stack::resolve(resolved->stack, *resolved->catalogue, problems);
  if (!problems.empty()) return nullptr;
  return resolved;
}

Result<std::optional<graph::Graph>> recorded_graph(const std::string& stack) {
  const agent::Places places = agent::Places::of(stack);
  const std::string file = places.state_file();
  if (Status there = agent::state_is_there(places); !there) return std::move(there).error();
  if (!exists(file)) return std::optional<graph::Graph>();
  Result<agent::State> state = agent::State::open_read_only(file);
  if (!state) return std::move(state).error();
  return state->recorded();
}

std::optional<Planned> plan_stack(const ResolvedStack& resolved, const graph::ImageKey& image_key,
                                  catalogue::Problems& problems,
                                  const std::vector<std::string>& repeated) {
  Result<std::optional<graph::Graph>> recorded = recorded_graph(resolved.stack.name);
  if (!recorded) {
    problems.push_back(std::move(recorded).error());
    return std::nullopt;
  }
  Planned planned;
  planned.recorded = std::move(*recorded);
  const graph::Allocations allocations =
      planned.recorded ? planned.recorded->allocations : graph::Allocations();
  planned.graph = graph::compile(resolved.blueprint, allocations, image_key, problems);
  if (!problems.empty()) return std::nullopt;
  check_names(repeated, planned.graph, problems);
  if (!problems.empty()) return std::nullopt;
  planned.plan =
      graph::difference(planned.recorded ? &*planned.recorded : nullptr, planned.graph, repeated);
  return planned;
}

} // namespace allod::cli
