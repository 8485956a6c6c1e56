// Objects that a tool of the user's makes from a folder: Helm from a chart, kustomize from a
// kustomization.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "manifest/document.h"

namespace allod::manifest {

enum class Recipe { none, helm, kustomize };

/// What `helm template` or `kustomize build` (or `kubectl kustomize`) writes. Errors: not_found
/// when the tool is not there; invalid_input with its last words when it fails; timeout.
Result<std::string> render(Recipe recipe, const std::string& folder,
                           const std::vector<std::string>& values_files, std::size_t limit);

/// The file that a root of a rendered document was made from, in the document's arena: as Helm's
/// comment ("# Source: chart/templates/x.yaml") or kustomize's annotation (config.kubernetes.io/
/// origin, by `buildMetadata: [originAnnotations]`) says it; the folder when neither does.
[[nodiscard]] std::string_view find_template(Document& document, const Node& root);

/// Where a rendered value stands in its template, as far as the texts tell: the line that reads the
/// same, if there is one alone; else the one line that sets `key`. All zero when neither is there.
[[nodiscard]] Position find_in_template(const std::string& path, std::string_view rendered_line,
                                        std::string_view key);

} // namespace allod::manifest
