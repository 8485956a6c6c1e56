// From a blueprint to the resource graph: every expression evaluated, every dependency found in
// what the expressions name.
#pragma once

#include <functional>
#include <string>

#include "catalogue/problems.h"
#include "graph/resource.h"
#include "stack/blueprint.h"

namespace allod::graph {

/// The cache key of an image: what it is made of, by content. `image` is PROVIDER/IMAGE.
using ImageKey = std::function<Result<std::string>(const std::string& image)>;

/// Compiles. `recorded` are the allocations of the last graph; new components and units get the
/// lowest free numbers. Faults go to `problems`; the graph is then not to be used.
[[nodiscard]] Graph compile(const stack::Blueprint& blueprint, const Allocations& recorded,
                            const ImageKey& image_key, catalogue::Problems& problems);

/// Marks a secret's place in a text (docs/graph.md).
[[nodiscard]] std::string secret_marker(const std::string& id);
/// Marks the place of the secret's text before a renewal that is under way; else of the same.
[[nodiscard]] std::string previous_marker(const std::string& id);
[[nodiscard]] bool marks_previous(const std::string& text, const std::string& id);
/// Marks the place of the stack's roots in PEM.
[[nodiscard]] std::string roots_marker();
/// The ids that a value's texts mark, each once.
[[nodiscard]] std::vector<std::string> marked_secrets(const document::Value& value);
/// For people: markers become "(secret keycloak.admin)".
[[nodiscard]] std::string without_markers(const std::string& text);

} // namespace allod::graph
