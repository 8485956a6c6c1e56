// Offsets of time zones: fixed ones, and those of the system's time zone database (RFC 8536, TZif).
#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "cel/time.h"

namespace allod::cel {

namespace {

/// "+hh:mm", "-hh:mm" or "hh:mm".
std::optional<std::int64_t> fixed_offset(std::string_view zone) {
  const bool negative = zone.starts_with('-');
  if (negative || zone.starts_with('+')) zone.remove_prefix(1);
  if (zone.size() != 5 || zone[2] != ':') return std::nullopt;
  const auto number = [](char tens, char ones) -> int {
    if (tens < '0' || tens > '9' || ones < '0' || ones > '9') return -1;
    return (tens - '0') * 10 + (ones - '0');
  };
  const int hours = number(zone[0], zone[1]);
  const int minutes = number(zone[3], zone[4]);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const std::int64_t offset = hours * 3600 + minutes * 60;
  return negative ? -offset : offset;
}

/// Only what can be a name below the database's folder: no way out of it.
bool is_zone_name(std::string_view zone) {
  if (zone.empty() || zone.size() > 64 || zone.front() == '/' || zone.front() == '.') return false;
  if (zone.find("..") != std::string_view::npos) return false;
  return zone.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_+-/") == std::string_view::npos;
}

/// Seconds east of UTC over time: from each moment on the offset beside it.
struct Zone {
  std::vector<std::int64_t> moments;
  std::vector<std::int64_t> offsets; // one more than moments: the first holds before them all
  std::string rule;                  // POSIX TZ text for what comes after the last moment
};

class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}

  [[nodiscard]] bool has(std::size_t count) const { return count <= data_.size() - at_; }
  void skip(std::size_t count) { at_ += count; }
  [[nodiscard]] std::string_view rest() const { return data_.substr(at_); }

  std::int64_t big_endian(std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      value = (value << 8U) | static_cast<unsigned char>(data_[at_ + i]);
    }
    at_ += width;
    if (width == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
    return static_cast<std::int64_t>(value);
  }

  std::size_t octet() { return static_cast<unsigned char>(data_[at_++]); }

 private:
  std::string_view data_;
  std::size_t at_ = 0;
};

struct Header {
  std::size_t utc_flags, standard_flags, leaps, moments, types, characters;

  [[nodiscard]] std::size_t body(std::size_t width) const {
    return moments * (width + 1) + types * 6 + characters + leaps * (width + 4) + standard_flags +
           utc_flags;
  }
};

std::optional<Header> read_header(Reader& reader) {
  constexpr std::size_t kMost = 100'000;
  if (!reader.has(44) || !reader.rest().starts_with("TZif")) return std::nullopt;
  reader.skip(20);
  std::array<std::size_t, 6> counts{};
  for (auto& count : counts) {
    count = static_cast<std::size_t>(reader.big_endian(4));
    if (count > kMost) return std::nullopt;
  }
  return Header{counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
}

/// The second block of a TZif file, which has 64-bit moments.
std::optional<Zone> parse_zone(std::string_view data) {
  Reader reader(data);
  const auto old = read_header(reader);
  if (!old || !reader.has(old->body(4))) return std::nullopt;
  reader.skip(old->body(4));
  const auto header = read_header(reader);
  if (!header || header->types == 0 || !reader.has(header->body(8))) return std::nullopt;
  Zone zone;
  for (std::size_t i = 0; i < header->moments; ++i)
    zone.moments.push_back(reader.big_endian(8));
  std::vector<std::size_t> kinds(1, 0);
  for (std::size_t i = 0; i < header->moments; ++i)
    kinds.push_back(reader.octet());
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < header->types; ++i) {
    offsets.push_back(reader.big_endian(4));
    reader.skip(2);
  }
  for (const std::size_t kind : kinds) {
    if (kind >= offsets.size()) return std::nullopt;
    zone.offsets.push_back(offsets[kind]);
  }
  reader.skip(header->characters + header->leaps * 12 + header->standard_flags + header->utc_flags);
  std::string_view footer = reader.rest();
  if (footer.starts_with('\n')) footer.remove_prefix(1);
  zone.rule = std::string(footer.substr(0, footer.find('\n')));
  return zone;
}

/// Takes the parts of a POSIX TZ rule ("CET-1CEST,M3.5.0,M10.5.0/3") off its front.
class Rule {
 public:
  explicit Rule(std::string_view text) : text_(text) {}

  void name() {
    if (text_.starts_with('<')) {
      text_.remove_prefix(std::min(text_.find('>') + 1, text_.size()));
      return;
    }
    while (!text_.empty() && std::isalpha(static_cast<unsigned char>(text_.front())) != 0) {
      text_.remove_prefix(1);
    }
  }

  /// "[+-]hh[:mm[:ss]]" in seconds, as written.
  std::int64_t time() {
    const bool negative = take('-');
    if (!negative) take('+');
    std::int64_t seconds = number() * 3600;
    if (take(':')) seconds += number() * 60;
    if (take(':')) seconds += number();
    return negative ? -seconds : seconds;
  }

  bool take(char character) {
    if (!text_.starts_with(character)) return false;
    text_.remove_prefix(1);
    return true;
  }

  std::int64_t number() {
    std::int64_t value = 0;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9' && value < 100'000) {
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return value;
  }

  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] bool at_number() const {
    return !text_.empty() && (std::strchr("+-0123456789", text_.front()) != nullptr);
  }

 private:
  std::string_view text_;
};

/// The day of a year that a rule names ("M3.5.0", "J60" or "59") plus the time of day, as local
/// seconds since 1970.
std::int64_t switch_moment(Rule& rule, std::int64_t year) {
  std::int64_t day = 0;
  if (rule.take('M')) {
    const int month = static_cast<int>(std::clamp<std::int64_t>(rule.number(), 1, 12));
    rule.take('.');
    const std::int64_t week = std::clamp<std::int64_t>(rule.number(), 1, 5);
    rule.take('.');
    const std::int64_t weekday = rule.number() % 7;
    const std::int64_t first = days_from_civil(year, month, 1);
    day = first + ((weekday - (first + 4) % 7) % 7 + 7) % 7 + (week - 1) * 7;
    const std::int64_t next =
        month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, month + 1, 1);
    while (day >= next)
      day -= 7;
  } else {
    const bool skips_leap_day = rule.take('J');
    const std::int64_t number = rule.number();
    day = days_from_civil(year, 1, 1) + number - (skips_leap_day ? 1 : 0);
    const bool leap = days_from_civil(year, 3, 1) - days_from_civil(year, 2, 1) == 29;
    if (skips_leap_day && leap && number >= 60) ++day;
  }
  return day * 86'400 + (rule.take('/') ? rule.time() : 7200);
}

std::int64_t offset_by_rule(std::string_view text, std::int64_t unix_seconds) {
  Rule rule(text);
  rule.name();
  const std::int64_t standard = -rule.time();
  if (rule.empty()) return standard;
  rule.name();
  const std::int64_t summer = rule.at_number() ? -rule.time() : standard + 3600;
  rule.take(',');
  const std::int64_t year = civil_time(unix_seconds + standard).year;
  const std::int64_t start = switch_moment(rule, year) - standard;
  rule.take(',');
  const std::int64_t end = switch_moment(rule, year) - summer;
  const bool in_summer = start < end ? unix_seconds >= start && unix_seconds < end
                                     : unix_seconds >= start || unix_seconds < end;
  return in_summer ? summer : standard;
}

std::int64_t offset_in(const Zone& zone, std::int64_t unix_seconds) {
  const auto after = std::upper_bound(zone.moments.begin(), zone.moments.end(), unix_seconds);
  if (after == zone.moments.end() && !zone.rule.empty()) {
    return offset_by_rule(zone.rule, unix_seconds);
  }
  return zone.offsets[static_cast<std::size_t>(after - zone.moments.begin())];
}

/// Zones are read once a process: the files do not change under a running program in practice.
class ZoneCache {
 public:
  std::shared_ptr<const Zone> get(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto present = zones_.find(name);
    if (present != zones_.end()) return present->second;
    auto zone = read(name);
    // Names that exist are bounded by the database; unknown ones are not kept.
    if (zone) zones_.emplace(name, zone);
    return zone;
  }

 private:
  static std::shared_ptr<const Zone> read(const std::string& name) {
    std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
    if (!file) return nullptr;
    const std::string data((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    auto zone = parse_zone(data);
    return zone ? std::make_shared<const Zone>(std::move(*zone)) : nullptr;
  }

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Zone>> zones_;
};

} // namespace

std::optional<std::int64_t> zone_offset(std::string_view zone, std::int64_t unix_seconds) {
  if (zone.empty() || zone == "UTC" || zone == "GMT" || zone == "Z") return 0;
  if (const auto fixed = fixed_offset(zone)) return fixed;
  if (!is_zone_name(zone)) return std::nullopt;
  static ZoneCache cache;
  const auto found = cache.get(std::string(zone));
  if (!found) return std::nullopt;
  return offset_in(*found, unix_seconds);
}

} // namespace allod::cel
