// Conversions between the types (CEL specification, "Type Conversions" and "Overflow").
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "cel/library/library.h"
#include "cel/text.h"
#include "cel/time.h"

namespace allod::cel {

namespace {

Value range_error(const Value& value, std::string_view type) {
  return Value::error(value.to_string(100) + " is out of the range of " + std::string(type));
}

Value syntax_error(const Value& value, std::string_view type) {
  return Value::error(value.to_string(100) + " cannot be read as " + std::string(type));
}

Value identity(Arguments a, Meter&) {
  return a[0];
}

template<class Number>
std::optional<Number> read_number(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  Number number{};
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

Value int_of_uint(Arguments a, Meter&) {
  if (a[0].as_uint() > static_cast<std::uint64_t>(INT64_MAX)) return range_error(a[0], "int");
  return Value::of_int(static_cast<std::int64_t>(a[0].as_uint()));
}
Value int_of_double(Arguments a, Meter&) {
  // The ends themselves are out: they do not survive the way back (specification, "Overflow").
  const double number = a[0].as_double();
  if (!(number > -0x1p63 && number < 0x1p63)) return range_error(a[0], "int");
  return Value::of_int(static_cast<std::int64_t>(number));
}
Value int_of_string(Arguments a, Meter&) {
  const auto number = read_number<std::int64_t>(a[0].as_string());
  return number ? Value::of_int(*number) : syntax_error(a[0], "int");
}
Value int_of_timestamp(Arguments a, Meter&) {
  return Value::of_int(a[0].as_timestamp().seconds);
}

Value uint_of_int(Arguments a, Meter&) {
  if (a[0].as_int() < 0) return range_error(a[0], "uint");
  return Value::of_uint(static_cast<std::uint64_t>(a[0].as_int()));
}
Value uint_of_double(Arguments a, Meter&) {
  const double number = a[0].as_double();
  if (!(number >= 0 && number < 0x1p64)) return range_error(a[0], "uint");
  return Value::of_uint(static_cast<std::uint64_t>(number));
}
Value uint_of_string(Arguments a, Meter&) {
  const auto number = read_number<std::uint64_t>(a[0].as_string());
  return number ? Value::of_uint(*number) : syntax_error(a[0], "uint");
}

Value double_of_int(Arguments a, Meter&) {
  return Value::of_double(static_cast<double>(a[0].as_int()));
}
Value double_of_uint(Arguments a, Meter&) {
  return Value::of_double(static_cast<double>(a[0].as_uint()));
}
Value double_of_string(Arguments a, Meter&) {
  const auto number = parse_double(a[0].as_string());
  return number ? Value::of_double(*number) : syntax_error(a[0], "double");
}

Value bool_of_string(Arguments a, Meter&) {
  const std::string_view text = a[0].as_string();
  for (const auto* yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return Value::of_bool(true);
  }
  for (const auto* no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return Value::of_bool(false);
  }
  return syntax_error(a[0], "bool");
}

Value string_of_int(Arguments a, Meter&) {
  return Value::string(std::to_string(a[0].as_int()));
}
Value string_of_uint(Arguments a, Meter&) {
  return Value::string(std::to_string(a[0].as_uint()));
}
Value string_of_double(Arguments a, Meter&) {
  // The specification leaves the form open; this is the reference's (Go's strconv, 'g').
  constexpr int kScientificFrom = 6;
  return Value::string(format_double(a[0].as_double(), kScientificFrom));
}
Value string_of_bool(Arguments a, Meter&) {
  return Value::string(a[0].as_bool() ? "true" : "false");
}
Value string_of_bytes(Arguments a, Meter& meter) {
  meter.charge_bytes(a[0].as_bytes().size());
  if (!is_utf8(a[0].as_bytes())) return Value::error("the bytes are not valid UTF-8");
  return Value::string(std::string(a[0].as_bytes()));
}
Value string_of_timestamp(Arguments a, Meter&) {
  return Value::string(format_timestamp(a[0].as_timestamp()));
}
Value string_of_duration(Arguments a, Meter&) {
  return Value::string(format_duration(a[0].as_duration()));
}

Value bytes_of_string(Arguments a, Meter& meter) {
  meter.charge_bytes(a[0].as_string().size());
  return Value::bytes(std::string(a[0].as_string()));
}

Value timestamp_of_int(Arguments a, Meter&) {
  const Timestamp timestamp{a[0].as_int(), 0};
  return in_range(timestamp) ? Value::timestamp(timestamp) : range_error(a[0], "timestamp");
}
Value timestamp_of_string(Arguments a, Meter&) {
  const auto timestamp = parse_timestamp(a[0].as_string());
  return timestamp ? Value::timestamp(*timestamp) : syntax_error(a[0], "timestamp");
}
Value duration_of_string(Arguments a, Meter&) {
  const auto duration = parse_duration(a[0].as_string());
  return duration ? Value::duration(*duration) : syntax_error(a[0], "duration");
}
Value duration_of_int(Arguments a, Meter&) {
  std::int64_t nanoseconds = 0;
  if (__builtin_mul_overflow(a[0].as_int(), std::int64_t{1'000'000'000}, &nanoseconds)) {
    return range_error(a[0], "duration");
  }
  return Value::duration(Duration(nanoseconds));
}

} // namespace

void add_conversions(Environment& environment) {
  constexpr std::array<LibraryEntry, 30> kEntries{{
      {"int(int) -> int", identity},
      {"int(uint) -> int", int_of_uint},
      {"int(double) -> int", int_of_double},
      {"int(string) -> int", int_of_string},
      {"int(timestamp) -> int", int_of_timestamp},
      {"uint(uint) -> uint", identity},
      {"uint(int) -> uint", uint_of_int},
      {"uint(double) -> uint", uint_of_double},
      {"uint(string) -> uint", uint_of_string},
      {"double(double) -> double", identity},
      {"double(int) -> double", double_of_int},
      {"double(uint) -> double", double_of_uint},
      {"double(string) -> double", double_of_string},
      {"bool(bool) -> bool", identity},
      {"bool(string) -> bool", bool_of_string},
      {"string(string) -> string", identity},
      {"string(int) -> string", string_of_int},
      {"string(uint) -> string", string_of_uint},
      {"string(double) -> string", string_of_double},
      {"string(bool) -> string", string_of_bool},
      {"string(bytes) -> string", string_of_bytes},
      {"string(timestamp) -> string", string_of_timestamp},
      {"string(duration) -> string", string_of_duration},
      {"bytes(bytes) -> bytes", identity},
      {"bytes(string) -> bytes", bytes_of_string},
      {"timestamp(timestamp) -> timestamp", identity},
      {"timestamp(int) -> timestamp", timestamp_of_int},
      {"timestamp(string) -> timestamp", timestamp_of_string},
      {"duration(duration) -> duration", identity},
      {"duration(string) -> duration", duration_of_string},
  }};
  add_entries(environment, kEntries);
  constexpr std::array<LibraryEntry, 1> kMore{{{"duration(int) -> duration", duration_of_int}}};
  add_entries(environment, kMore);
}

} // namespace allod::cel
