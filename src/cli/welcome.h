// How `up` ends: what runs, where it is reached, how to sign in.
#pragma once

#include <cstdint>
#include <string>

#include "agent/api_client.h"
#include "cli/pipeline.h"
#include "cli/terminal.h"
#include "document/value.h"

namespace allod::cli {

/// `outcome` is the result of `apply`; `milliseconds` the whole time since the command was typed.
[[nodiscard]] std::string welcome(const Terminal& terminal, const ResolvedStack& resolved,
                                  const graph::Graph& graph, agent::ApiClient& client,
                                  const document::Value& outcome, std::int64_t milliseconds);

} // namespace allod::cli
