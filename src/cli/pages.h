// The pages that a stack's gateway publishes, read from its graph.
#pragma once

#include <string>
#include <vector>

#include "graph/resource.h"

namespace allod::cli {

struct PublishedPage {
  std::string name;
  std::string component;
  std::string title;
  std::string url; ///< with the path where people start
};

/// Each page once, in the order of the graph.
[[nodiscard]] std::vector<PublishedPage> published_pages(const graph::Graph& graph);

} // namespace allod::cli
