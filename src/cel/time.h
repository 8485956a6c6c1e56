// Timestamps and durations as text, and the fields of a timestamp in a time zone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cel/value.h"

namespace allod::cel {

[[nodiscard]] bool in_range(const Timestamp& timestamp);

/// RFC 3339 in UTC, with as many digits of a second as are needed, up to nine.
[[nodiscard]] std::string format_timestamp(const Timestamp& timestamp);
/// RFC 3339 with an offset; nothing when it is malformed or out of range.
[[nodiscard]] std::optional<Timestamp> parse_timestamp(std::string_view text);

/// Seconds with a fraction: "90s", "1.5s", "-0.000000001s".
[[nodiscard]] std::string format_duration(Duration duration);
/// "1h30m", "-1.5s", "10ms", "5us", "7ns"…; nothing when it is malformed or out of range.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

[[nodiscard]] std::optional<Timestamp> add(const Timestamp& timestamp, Duration duration);
[[nodiscard]] std::optional<Duration> subtract(const Timestamp& left, const Timestamp& right);

/// A date and a time of day on the proleptic Gregorian calendar.
struct CivilTime {
  std::int64_t year = 1970;
  int month = 1; ///< 1…12
  int day = 1;   ///< 1…31
  int hour = 0;
  int minute = 0;
  int second = 0;
  int day_of_week = 0; ///< 0 is Sunday
  int day_of_year = 0; ///< from 0
};
[[nodiscard]] CivilTime civil_time(std::int64_t unix_seconds);
/// Days since 1970-01-01.
[[nodiscard]] std::int64_t days_from_civil(std::int64_t year, int month, int day);

/// Seconds east of UTC at a moment, for "UTC", "+01:00", "-02:30", "02:00" or a name of the time
/// zone database such as "Europe/Paris"; nothing when there is no such zone.
[[nodiscard]] std::optional<std::int64_t> zone_offset(std::string_view zone,
                                                      std::int64_t unix_seconds);

} // namespace allod::cel
