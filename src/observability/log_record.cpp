#include "observability/log_record.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <utility>

#include "base/time.h"
#include "cel/time.h"

namespace allod::observability {
namespace {

using document::Value;

constexpr std::int64_t kBillion = 1'000'000'000;
constexpr std::size_t kDate = 10; ///< the length of "2026-11-24"

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

/// The zones that logs write in other ways than RFC 3339: " UTC", "+0100".
std::string with_zone(std::string text) {
  for (const std::string_view utc : {" UTC", " GMT"}) {
    if (text.ends_with(utc)) return text.replace(text.size() - utc.size(), utc.size(), "Z");
  }
  const std::size_t sign = text.find_last_of("+-");
  if (sign != std::string::npos && sign > kDate && text.size() - sign == 5)
    text.insert(sign + 3, ":");
  return text;
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

std::optional<std::int64_t> parse_nanoseconds(std::string_view written) {
  if (written.size() <= kDate) return std::nullopt;
  std::string text(written);
  if (text[4] == '/' && text[7] == '/') text[4] = text[7] = '-';
  if (text[kDate] == ' ') text[kDate] = 'T';
  std::replace(text.begin(), text.end(), ',', '.');
  const std::optional<cel::Timestamp> time = cel::parse_timestamp(with_zone(std::move(text)));
  if (!time) return std::nullopt;
  return time->seconds * kBillion + time->nanoseconds;
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
