// What trust rests on, for people and programs: docs/agent.md, method `trust`.
#pragma once

#include "agent/machinery.h"
#include "agent/reconciler.h"
#include "base/result.h"
#include "document/value.h"

namespace allod::agent {

/// Errors: those of the token.
[[nodiscard]] Result<document::Value> trust_value(Machinery& machinery,
                                                  const RootRotation& rotation);

} // namespace allod::agent
