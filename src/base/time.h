// The wall clock, in the texts of RFC 3339, and the clock that tests may move.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace allod {

using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// Now, in UTC.
[[nodiscard]] Timestamp now();
/// "2026-11-24T07:00:12Z", with milliseconds where they are asked for.
[[nodiscard]] std::string format_rfc3339(Timestamp time, bool milliseconds = false);
/// Errors: invalid_input.
Result<Timestamp> parse_rfc3339(std::string_view text);

} // namespace allod
