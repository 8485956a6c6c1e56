// The way of the data up to the plan: stack and catalogue → blueprint → graph → difference with
// what is recorded.
#pragma once

#include <memory>
#include <optional>

#include "catalogue/catalogue.h"
#include "cli/context.h"
#include "graph/compile.h"
#include "graph/plan.h"
#include "graph/resource.h"
#include "stack/blueprint.h"
#include "stack/stack.h"

namespace allod::cli {

/// A stack resolved against the catalogue. The parts point at each other: it is not moved.
struct ResolvedStack {
  std::unique_ptr<catalogue::Catalogue> catalogue;
  stack::Stack stack;
  stack::Blueprint blueprint;

  /// The images that the stack's units are made from, as PROVIDER/IMAGE, each once.
  [[nodiscard]] std::vector<std::string> images() const;
};

/// Reads the declaration and resolves it. Null when there are problems.
[[nodiscard]] std::unique_ptr<ResolvedStack> resolve_stack(const GlobalOptions& options,
                                                           catalogue::Problems& problems);

struct Planned {
  graph::Graph graph;
  std::optional<graph::Graph> recorded;
  graph::Plan plan;
};

/// Compiles a resolved stack and compares it with the state on this machine; `repeated` as in
/// graph::difference(). A name in it that is no component's is a problem.
[[nodiscard]] std::optional<Planned> plan_stack(const ResolvedStack& resolved,
                                                const graph::ImageKey& image_key,
                                                catalogue::Problems& problems,
                                                const std::vector<std::string>& repeated = {});

/// What is recorded of a stack on this machine; nothing when it is not there. Errors: integrity,
/// io.
Result<std::optional<graph::Graph>> recorded_graph(const std::string& stack);

} // namespace allod::cli
