// The fields of timestamps and durations (CEL specification, "Timestamp and Duration").
#include <array>

#include "cel/library/library.h"
#include "cel/time.h"

namespace allod::cel {

namespace {

/// One field of a timestamp, in the time zone of the second argument or else in UTC.
template<class Field>
Value field_of(Arguments a, Field field) {
  const std::int64_t seconds = a[0].as_timestamp().seconds;
  std::int64_t offset = 0;
  if (a.size() == 2) {
    const auto found = zone_offset(a[1].as_string(), seconds);
    if (!found) return Value::error("there is no time zone " + a[1].to_string(100));
    offset = *found;
  }
  return Value::of_int(field(civil_time(seconds + offset)));
}

Value full_year(Arguments a, Meter&) {
  return field_of(a, [](const CivilTime& t) { return t.year; });
}
Value month(Arguments a, Meter&) {
  return field_of(a, [](const CivilTime& t) { return t.month - 1; });
}
Value date(Arguments a, Meter&) {
  return field_of(a, [](const CivilTime& t) { return t.day; });
}
Value day_of_month(Arguments a, Meter&) {
  return field_of(a, [](const CivilTime& t) { return t.day - 1; });
}
Value day_of_week(Arguments a, Meter&) {
  return field_of(a, [](const CivilTime& t) { return t.day_of_week; });
}
Value day_of_year(Arguments a, Meter&) {
  return field_of(a, [](const CivilTime& t) { return t.day_of_year; });
}
Value hours(Arguments a, Meter&) {
  return field_of(a, [](const CivilTime& t) { return t.hour; });
}
Value minutes(Arguments a, Meter&) {
  return field_of(a, [](const CivilTime& t) { return t.minute; });
}
Value seconds(Arguments a, Meter&) {
  return field_of(a, [](const CivilTime& t) { return t.second; });
}
Value milliseconds(Arguments a, Meter&) {
  const std::int64_t value = a[0].as_timestamp().nanoseconds / 1'000'000;
  return field_of(a, [value](const CivilTime&) { return value; });
}

template<class Unit>
Value whole_units(Arguments a) {
  return Value::of_int(std::chrono::duration_cast<Unit>(a[0].as_duration()).count());
}
Value duration_hours(Arguments a, Meter&) {
  return whole_units<std::chrono::hours>(a);
}
Value duration_minutes(Arguments a, Meter&) {
  return whole_units<std::chrono::minutes>(a);
}
Value duration_seconds(Arguments a, Meter&) {
  return whole_units<std::chrono::seconds>(a);
}
/// Only the part below a second, as the specification says since it was clarified.
Value duration_milliseconds(Arguments a, Meter&) {
  return Value::of_int(a[0].as_duration().count() % 1'000'000'000 / 1'000'000);
}

} // namespace

void add_time_functions(Environment& environment) {
  constexpr std::array<LibraryEntry, 24> kEntries{{
      {"timestamp.getFullYear() -> int", full_year},
      {"timestamp.getFullYear(string) -> int", full_year},
      {"timestamp.getMonth() -> int", month},
      {"timestamp.getMonth(string) -> int", month},
      {"timestamp.getDate() -> int", date},
      {"timestamp.getDate(string) -> int", date},
      {"timestamp.getDayOfMonth() -> int", day_of_month},
      {"timestamp.getDayOfMonth(string) -> int", day_of_month},
      {"timestamp.getDayOfWeek() -> int", day_of_week},
      {"timestamp.getDayOfWeek(string) -> int", day_of_week},
      {"timestamp.getDayOfYear() -> int", day_of_year},
      {"timestamp.getDayOfYear(string) -> int", day_of_year},
      {"timestamp.getHours() -> int", hours},
      {"timestamp.getHours(string) -> int", hours},
      {"timestamp.getMinutes() -> int", minutes},
      {"timestamp.getMinutes(string) -> int", minutes},
      {"timestamp.getSeconds() -> int", seconds},
      {"timestamp.getSeconds(string) -> int", seconds},
      {"timestamp.getMilliseconds() -> int", milliseconds},
      {"timestamp.getMilliseconds(string) -> int", milliseconds},
      {"duration.getHours() -> int", duration_hours},
      {"duration.getMinutes() -> int", duration_minutes},
      {"duration.getSeconds() -> int", duration_seconds},
      {"duration.getMilliseconds() -> int", duration_milliseconds},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
