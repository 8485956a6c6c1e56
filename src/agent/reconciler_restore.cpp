// Bringing a stack up from a backup: what resources of kind backup put back stands before whatever
// works on it.
#include <algorithm>
#include <set>

#include "agent/backup_keeper.h"

namespace allod::agent {
namespace {

using graph::Graph;
using graph::Resource;
using graph::ResourceKind;

void depend(Resource& resource, const std::string& id) {
  auto& ids = resource.depends_on;
  const auto at = std::lower_bound(ids.begin(), ids.end(), id);
  if (at == ids.end() || *at != id) ids.insert(at, id);
}

/// A part is put back once its volumes are there, or once the unit runs that takes it in. Whatever
/// else works on the component waits: its steps and units, or what depends on that unit.
void place(const Resource& part, Graph& graph, Resource& own) {
  const document::Value& restore = *part.spec.find("restore");
  const std::vector<std::string> after = restore.strings_at("after");
  for (const std::string& id : after)
    depend(own, id);
  depend(own, "network/" + part.component);
  if (graph.find("identity/" + part.component) != nullptr)
    depend(own, "identity/" + part.component);
  for (Resource& resource : graph.resources) {
    const bool works = resource.kind == ResourceKind::unit || resource.kind == ResourceKind::step;
    if (resource.kind == ResourceKind::volume && resource.component == part.component)
      depend(own, resource.id);
    if (resource.id == part.id || resource.kind == ResourceKind::backup) continue;
    if (after.empty()) {
      if (works && resource.component == part.component) depend(resource, part.id);
      continue;
    }
    const bool builds_on = std::any_of(after.begin(), after.end(), [&](const std::string& id) {
      return std::binary_search(resource.depends_on.begin(), resource.depends_on.end(), id);
    });
    const bool is_after = std::find(after.begin(), after.end(), resource.id) != after.end();
    if (builds_on && !is_after) depend(resource, part.id);
  }
}

Result<Graph> with_restores(Graph graph) {
  const std::vector<Resource> before = graph.resources;
  for (const Resource& part : before) {
    if (part.kind != ResourceKind::backup) continue;
    Resource own = part;
    place(part, graph, own);
    // What a log adds, it adds to the copy.
    for (const Resource& other : before) {
      const bool copy = other.kind == ResourceKind::backup && other.component == part.component;
      if (copy && is_log(part) && !is_log(other)) depend(own, other.id);
    }
    const auto at = std::find_if(graph.resources.begin(), graph.resources.end(),
                                 [&](const Resource& resource) { return resource.id == part.id; });
    at->depends_on = own.depends_on;
  }
  if (Status sorted = graph::sort_by_dependency(graph.resources); !sorted)
    return std::move(sorted).error();
  return graph;
}

} // namespace

Result<Report> Reconciler::restore(const Graph& recorded, const OnProgress& progress,
                                   const std::stop_token& stop) {
  const Result<Graph> graph = with_restores(recorded);
  if (!graph) return graph.error();
  machinery_.network.want({&recorded});
  if (Status built = machinery_.network.build(); !built) return std::move(built).error();
  if (Status defined = define_identities(recorded); !defined) return std::move(defined).error();
  if (Status served = machinery_.ensure_endpoints(); !served) return std::move(served).error();
  return execute(*graph, &recorded, {}, progress, stop);
}

} // namespace allod::agent
