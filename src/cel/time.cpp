#include "cel/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>

namespace allod::cel {

namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kBillion = 1'000'000'000;
constexpr std::int64_t kFirst = -62'135'596'800; // 0001-01-01T00:00:00Z
constexpr std::int64_t kLast = 253'402'300'799;  // 9999-12-31T23:59:59Z

/// Reads a text from its front; each step fails for good once one has failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool done() const { return good_ && rest_.empty(); }
  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  /// Exactly `count` digits.
  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (peek() < '0' || peek() > '9') {
        good_ = false;
        return 0;
      }
      value = value * 10 + (peek() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  bool take(std::string_view one_of) {
    if (rest_.empty() || one_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(std::string_view one_of) {
    if (!take(one_of)) good_ = false;
  }

  /// The digits after a decimal point as nanoseconds; more than nine are cut off.
  std::int32_t fraction() {
    std::int32_t value = 0;
    std::int32_t unit = 100'000'000;
    if (peek() < '0' || peek() > '9') good_ = false;
    while (peek() >= '0' && peek() <= '9') {
      value += (peek() - '0') * unit;
      unit /= 10;
      rest_.remove_prefix(1);
    }
    return value;
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

int days_in_month(int year, int month) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays.at(static_cast<std::size_t>(month - 1)) + (month == 2 && leap ? 1 : 0);
}

/// "Z" or "+hh:mm" as seconds east of UTC.
std::int64_t scan_offset(Scanner& scan) {
  if (scan.take("Zz")) return 0;
  const int sign = scan.peek() == '-' ? -1 : 1;
  scan.expect("+-");
  const int hours = scan.digits(2);
  scan.expect(":");
  const int minutes = scan.digits(2);
  if (hours > 23 || minutes > 59) scan.expect("");
  return sign * (hours * 3600 + minutes * 60);
}

std::string fraction_text(std::int64_t nanoseconds) {
  if (nanoseconds == 0) return {};
  std::string digits = std::to_string(kBillion + nanoseconds).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  return "." + digits;
}

} // namespace

bool in_range(const Timestamp& timestamp) {
  return timestamp.seconds >= kFirst && timestamp.seconds <= kLast;
}

std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  // Years start in March here, so that the leap day is the last one.
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

CivilTime civil_time(std::int64_t unix_seconds) {
  std::int64_t days = unix_seconds / kDay;
  std::int64_t rest = unix_seconds % kDay;
  if (rest < 0) {
    rest += kDay;
    --days;
  }
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_index = (5 * day_of_year + 2) / 153;
  CivilTime civil;
  civil.day = static_cast<int>(day_of_year - (153 * month_index + 2) / 5 + 1);
  civil.month = static_cast<int>(month_index < 10 ? month_index + 3 : month_index - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  civil.hour = static_cast<int>(rest / 3600);
  civil.minute = static_cast<int>(rest % 3600 / 60);
  civil.second = static_cast<int>(rest % 60);
  civil.day_of_week = static_cast<int>(((days + 4) % 7 + 7) % 7);
  civil.day_of_year = static_cast<int>(days - days_from_civil(civil.year, 1, 1));
  return civil;
}

std::string format_timestamp(const Timestamp& timestamp) {
  const CivilTime civil = civil_time(timestamp.seconds);
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02d-%02dT%02d:%02d:%02d",
                static_cast<int>(civil.year), civil.month, civil.day, civil.hour, civil.minute,
                civil.second);
  return buffer.data() + fraction_text(timestamp.nanoseconds) + "Z";
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  Scanner scan(text);
  const int year = scan.digits(4);
  scan.expect("-");
  const int month = scan.digits(2);
  scan.expect("-");
  const int day = scan.digits(2);
  scan.expect("Tt");
  const int hour = scan.digits(2);
  scan.expect(":");
  const int minute = scan.digits(2);
  scan.expect(":");
  const int second = scan.digits(2);
  const std::int32_t nanoseconds = scan.take(".") ? scan.fraction() : 0;
  const std::int64_t offset = scan_offset(scan);
  if (!scan.done() || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
    return std::nullopt;
  }
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::int64_t seconds =
      days_from_civil(year, month, day) * kDay + hour * 3600 + minute * 60 + second - offset;
  const Timestamp timestamp{seconds, nanoseconds};
  if (!in_range(timestamp)) return std::nullopt;
  return timestamp;
}

std::string format_duration(Duration duration) {
  const std::int64_t count = duration.count();
  const bool negative = count < 0;
  // Magnitudes as unsigned: the least duration has no positive counterpart.
  const std::uint64_t size =
      negative ? ~static_cast<std::uint64_t>(count) + 1 : static_cast<std::uint64_t>(count);
  const std::uint64_t billion = kBillion;
  return (negative ? "-" : "") + std::to_string(size / billion) +
         fraction_text(static_cast<std::int64_t>(size % billion)) + "s";
}

namespace {

/// The nanoseconds of a unit at the front of `text`, which it takes off; 0 when there is none.
std::uint64_t take_unit(std::string_view& text) {
  struct Unit {
    std::string_view name;
    std::uint64_t nanoseconds;
  };
  constexpr std::array<Unit, 8> kUnits{{{"ns", 1},
                                        {"us", 1'000},
                                        {"µs", 1'000},
                                        {"μs", 1'000},
                                        {"ms", 1'000'000},
                                        {"s", 1'000'000'000},
                                        {"m", 60'000'000'000},
                                        {"h", 3'600'000'000'000}}};
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.name)) {
      text.remove_prefix(unit.name.size());
      return unit.nanoseconds;
    }
  }
  return 0;
}

/// One "1.5h" at the front of `text`; nothing when it is malformed or beyond 64 bits.
std::optional<std::uint64_t> take_term(std::string_view& text) {
  std::uint64_t whole = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, whole);
  if (read.ec == std::errc::result_out_of_range) return std::nullopt;
  const auto taken = static_cast<std::size_t>(read.ptr - text.data());
  text.remove_prefix(taken);
  std::string_view fraction;
  if (text.starts_with('.')) {
    const std::size_t stop = std::min(text.find_first_not_of("0123456789", 1), text.size());
    fraction = text.substr(1, stop - 1);
    text.remove_prefix(stop);
  }
  if (taken == 0 && fraction.empty()) return std::nullopt;
  const std::uint64_t unit = take_unit(text);
  std::uint64_t total = 0;
  if (unit == 0 || __builtin_mul_overflow(whole, unit, &total)) return std::nullopt;
  std::uint64_t part = 0;
  std::uint64_t scale = unit;
  for (const char digit : fraction) {
    // Digits beyond a nanosecond vanish; hours need more than nine of them.
    part += scale % 10 * static_cast<std::uint64_t>(digit - '0') / 10;
    scale /= 10;
    part += scale * static_cast<std::uint64_t>(digit - '0');
  }
  if (__builtin_add_overflow(total, part, &total)) return std::nullopt;
  return total;
}

} // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return Duration(0);
  if (text.empty()) return std::nullopt;
  std::uint64_t total = 0;
  while (!text.empty()) {
    const auto term = take_term(text);
    if (!term || __builtin_add_overflow(total, *term, &total)) return std::nullopt;
  }
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (negative) {
    if (total > kMost + 1) return std::nullopt;
    return Duration(static_cast<std::int64_t>(~total + 1));
  }
  if (total > kMost) return std::nullopt;
  return Duration(static_cast<std::int64_t>(total));
}

std::optional<Timestamp> add(const Timestamp& timestamp, Duration duration) {
  std::int64_t seconds = duration.count() / kBillion;
  std::int64_t nanoseconds = duration.count() % kBillion + timestamp.nanoseconds;
  if (nanoseconds < 0) {
    nanoseconds += kBillion;
    --seconds;
  } else if (nanoseconds >= kBillion) {
    nanoseconds -= kBillion;
    ++seconds;
  }
  const Timestamp sum{timestamp.seconds + seconds, static_cast<std::int32_t>(nanoseconds)};
  if (!in_range(sum)) return std::nullopt;
  return sum;
}

std::optional<Duration> subtract(const Timestamp& left, const Timestamp& right) {
  std::int64_t total = 0;
  if (__builtin_mul_overflow(left.seconds - right.seconds, kBillion, &total)) return std::nullopt;
  if (__builtin_add_overflow(total, left.nanoseconds - right.nanoseconds, &total)) {
    return std::nullopt;
  }
  return Duration(total);
}

} // namespace allod::cel
