// Small helpers over texts: nearest names, sizes and durations as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace allod {

/// The candidate with the least edit distance to `name`, if it is near enough to be a slip; else
/// "".
[[nodiscard]] std::string nearest(std::string_view name,
                                  const std::vector<std::string>& candidates);

[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);
[[nodiscard]] std::string_view trim(std::string_view text);

/// "512Mi", "1.5Gi", "10M", "4096" in bytes (the suffixes of Kubernetes quantities).
Result<std::uint64_t> parse_size(std::string_view text);
/// For people: "61 MB", "1.1 GB" (powers of ten).
[[nodiscard]] std::string format_size(std::uint64_t bytes);

/// "90s", "15m", "1h", "1h30m", "250ms" in milliseconds (Go's duration syntax without fractions).
Result<std::int64_t> parse_duration(std::string_view text);
/// For people: "0.8 s", "14.2 s", "3 min 5 s", "2 h 4 min".
[[nodiscard]] std::string format_duration(std::int64_t milliseconds);

} // namespace allod
