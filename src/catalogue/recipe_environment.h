// What the expressions of a recipe may name, with types (docs/catalogue.md, "Expressions").
#pragma once

#include <string>

#include "catalogue/provider.h"
#include "cel/environment.h"
#include "document/value.h"

namespace allod::catalogue {

/// For everything in units.yaml. `units` is the whole document, with defaults.
[[nodiscard]] cel::Environment recipe_environment(const document::Value& parameters,
                                                  const document::Value& units,
                                                  const Surroundings& surroundings);

/// The same with `consumer`, for an offer's binding and grant.
[[nodiscard]] cel::Environment consumer_environment(const cel::Environment& recipe,
                                                    const std::string& offer);

/// For ports, sockets and what must be known before the rest: `stack`, `component`, `parameters`.
[[nodiscard]] cel::Environment static_environment(const document::Value& parameters);

} // namespace allod::catalogue
