// The spec of a unit or step from its rendered recipe: sizes and durations become numbers, files
// from the provider's folder are taken in (docs/graph.md).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "catalogue/provider.h"
#include "catalogue/template.h"
#include "document/value.h"
#include "graph/compile.h"

namespace allod::graph {

/// What is the same for all units of a component.
struct UnitSurroundings {
  const stack::Component* component = nullptr;
  document::Value hosts; ///< name → address
  const ImageKey* image_key = nullptr;
};

/// `body` is the rendered recipe without ports, `ports` its rendered ports.
Result<document::Value> unit_spec(const catalogue::UnitRecipe& unit, const document::Value& body,
                                  const document::Value& ports,
                                  const UnitSurroundings& surroundings);

/// The `run` part of a step that is like a unit; `unit` is that unit's spec.
Result<document::Value> step_run_spec(const document::Value& body, const document::Value& unit,
                                      const UnitSurroundings& surroundings);

/// The `http` part of a step.
[[nodiscard]] document::Value step_http_spec(const document::Value& body,
                                             const std::string& address);

/// Renamed and reshaped keys of a spec, so that an origin's path still fits:
/// "resources.memory" → "resources.memoryBytes".
[[nodiscard]] std::string spec_path(const std::vector<document::PathStep>& path);

} // namespace allod::graph
