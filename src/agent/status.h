// What the method `status` answers.
#pragma once

#include "agent/machinery.h"
#include "agent/state.h"
#include "agent/troubles.h"
#include "base/result.h"
#include "document/value.h"

namespace allod::agent {

/// {"components": {NAME: {"address", "units": {UNIT: {"state", "since", "restarts", "pid",
/// "memoryBytes", "memoryLimitBytes", "cpuMicroseconds", "processes", "certificateEnd",
/// "lastError", "image"}}}}, "token": {"line", "software", "label", "manufacturer", "model"},
/// "agentCertificateEnd", "failed": [{"id", "error", "updated"}], "refused": [{"source",
/// "destination", "port", "packets"}]}. `machinery` may be null: nothing runs. Errors: those of the
/// state.
Result<document::Value> status_value(State& state, Machinery* machinery, const Troubles& troubles);

/// {"line", "software", "label", "manufacturer", "model"}.
[[nodiscard]] document::Value token_value(trust::Token& token);

/// Memory of this process in bytes, with its share of what others use too (PSS). 0: unknown.
[[nodiscard]] std::int64_t own_memory();

} // namespace allod::agent
