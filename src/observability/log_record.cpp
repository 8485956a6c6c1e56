#include "observability/log_record.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <utility>

#include "base/time.h"

namespace allod::observability {
namespace {

using document::Value;

constexpr std::int64_t kBillion = 1'000'000'000;

constexpr std::pair<std::string_view, Severity> kNames[] = {
    {"trace", Severity::trace},     {"finest", Severity::trace},     {"debug", Severity::debug},
    {"fine", Severity::debug},      {"debug1", Severity::debug},     {"d", Severity::debug},
    {"info", Severity::info},       {"information", Severity::info}, {"notice", Severity::info},
    {"log", Severity::info},        {"i", Severity::info},           {"warn", Severity::warning},
    {"warning", Severity::warning}, {"w", Severity::warning},        {"error", Severity::error},
    {"err", Severity::error},       {"severe", Severity::error},     {"e", Severity::error},
    {"fatal", Severity::fatal},     {"critical", Severity::fatal},   {"crit", Severity::fatal},
    {"panic", Severity::fatal},     {"alert", Severity::fatal},      {"emerg", Severity::fatal},
    {"f", Severity::fatal},
};

/// Reads so many digits at the front of `text` and takes them off.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int number = 0;
  const char* end = text.data() + count;
  const auto [stop, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc() || stop != end || number < 0) return std::nullopt;
  text.remove_prefix(count);
  return number;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// The zone's distance from UTC in seconds.
std::optional<std::int64_t> take_zone(std::string_view text) {
  if (text == " UTC" || text == " GMT" || text == "Z" || text == "z") return 0;
  if (text.empty()) return std::nullopt;
  const bool west = text.front() == '-';
  if (!take(text, "+-")) return std::nullopt;
  const std::optional<int> hours = take_digits(text, 2);
  take(text, ":");
  const std::optional<int> minutes = take_digits(text, 2);
  if (!hours || !minutes || !text.empty()) return std::nullopt;
  return (west ? -1 : 1) * (*hours * 3600 + *minutes * 60);
}

/// A fraction of a second, after its point or comma, in nanoseconds.
std::int64_t take_fraction(std::string_view& text) {
  std::int64_t nanoseconds = 0;
  std::int64_t unit = kBillion / 10;
  while (!text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) != 0) {
    nanoseconds += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  return nanoseconds;
}

} // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
  case Severity::unknown:
    return "";
  case Severity::trace:
    return "TRACE";
  case Severity::debug:
    return "DEBUG";
  case Severity::info:
    return "INFO";
  case Severity::warning:
    return "WARN";
  case Severity::error:
    return "ERROR";
  case Severity::fatal:
    return "FATAL";
  }
  return "";
}

std::optional<Severity> parse_severity(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& [known, severity] : kNames) {
    if (known == lower) return severity;
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_nanoseconds(std::string_view text) {
  const std::optional<int> year = take_digits(text, 4);
  if (!year || !take(text, "-/")) return std::nullopt;
  const std::optional<int> month = take_digits(text, 2);
  if (!month || !take(text, "-/")) return std::nullopt;
  const std::optional<int> day = take_digits(text, 2);
  if (!day || !take(text, "Tt ")) return std::nullopt;
  const std::optional<int> hour = take_digits(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const std::optional<int> minute = take_digits(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const std::optional<int> second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::int64_t fraction = take(text, ".,") ? take_fraction(text) : 0;
  const std::optional<std::int64_t> zone = take_zone(text);
  if (!zone) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (days * 86400 + *hour * 3600 + *minute * 60 + *second - *zone) * kBillion + fraction;
}

std::string format_nanoseconds(std::int64_t time) {
  return format_rfc3339(Timestamp(std::chrono::milliseconds(time / 1'000'000)), true);
}

Value to_value(const LogRecord& record) {
  Value resource = Value::map();
  resource.set("service.name", record.component);
  resource.set("service.instance.id", record.unit);
  Value value = Value::map();
  value.set("timestamp", format_nanoseconds(record.time));
  value.set("observedTimestamp", format_nanoseconds(record.observed_time));
  value.set("severityText", to_string(record.severity));
  value.set("severityNumber", static_cast<int>(record.severity));
  value.set("body", record.message);
  value.set("attributes", record.fields);
  value.set("resource", std::move(resource));
  return value;
}

} // namespace allod::observability
