// One event of a log, in the terms of the OpenTelemetry log data model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "document/value.h"

namespace allod::observability {

/// The six ranges of SeverityNumber, named by their first number.
enum class Severity : std::uint8_t {
  unknown = 0,
  trace = 1,
  debug = 5,
  info = 9,
  warning = 13,
  error = 17,
  fatal = 21,
};

/// "INFO", "WARN"; "" when unknown.
[[nodiscard]] std::string_view to_string(Severity severity);
/// By the names that logs use, whatever their case: "warning", "W", "NOTICE", "crit"…
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view name);

struct LogRecord {
  std::int64_t time = 0;          ///< nanoseconds since 1970 in UTC: the event's own, else observed
  std::int64_t observed_time = 0; ///< when the line was written
  Severity severity = Severity::unknown;
  std::string component;
  std::string unit;
  std::string message;
  document::Value fields = document::Value::map(); ///< what else the line says
};

/// Nanoseconds since 1970 of an RFC 3339 time, also with a space for the T and a numeric zone
/// without a colon. Nothing when it is none.
[[nodiscard]] std::optional<std::int64_t> parse_nanoseconds(std::string_view text);
/// "2026-11-24T07:00:12.123Z"
[[nodiscard]] std::string format_nanoseconds(std::int64_t time);

/// {"timestamp", "observedTimestamp", "severityText", "severityNumber", "body", "attributes",
/// "resource": {"service.name", "service.instance.id"}}
[[nodiscard]] document::Value to_value(const LogRecord& record);

} // namespace allod::observability
