#include "base/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace allod {
namespace {

/// Damerau-Levenshtein distance with adjacent transpositions (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j)
    cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

std::string decimal(double number, const char* unit) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), number < 10 ? "%.1f %s" : "%.0f %s", number, unit);
  return buffer.data();
}

struct Unit {
  std::string_view suffix;
  double factor;
};

} // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const std::string& candidate : candidates) {
    std::size_t cost = distance(name, candidate);
    // A name cut short ("postgres" for "postgresql") is a slip however much is missing.
    const bool cut = name.size() >= 3 && candidate.starts_with(name);
    if (cut) cost = std::min<std::size_t>(cost, 1);
    if (cost < least) {
      least = cost;
      best = candidate;
    }
  }
  return least <= std::max<std::size_t>(1, name.size() / 3) ? best : std::string();
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  while (true) {
    const std::size_t end = text.find(separator, start);
    parts.emplace_back(text.substr(start, end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty() || &part != &parts.front()) text += separator;
    text += part;
  }
  return text;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  return text;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  static constexpr std::array<Unit, 11> kUnits = {{{"Ki", 1024.0},
                                                   {"Mi", 1048576.0},
                                                   {"Gi", 1073741824.0},
                                                   {"Ti", 1099511627776.0},
                                                   {"k", 1e3},
                                                   {"K", 1e3},
                                                   {"M", 1e6},
                                                   {"G", 1e9},
                                                   {"T", 1e12},
                                                   {"B", 1.0},
                                                   {"", 1.0}}};
  double number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  if (fault == std::errc() && number >= 0) {
    for (const Unit& unit : kUnits) {
      if (unit.suffix == suffix) return static_cast<std::uint64_t>(number * unit.factor);
    }
  }
  return Error(ErrorCode::invalid_input, "\"" + std::string(text) + "\" is not a size")
      .with_hint("write for instance 256Mi, 10Gi or 4096");
}

std::string format_size(std::uint64_t bytes) {
  const double number = static_cast<double>(bytes);
  if (number < 1e3) return std::to_string(bytes) + " B";
  if (number < 1e6) return decimal(number / 1e3, "kB");
  if (number < 1e9) return decimal(number / 1e6, "MB");
  return decimal(number / 1e9, "GB");
}

Result<std::int64_t> parse_duration(std::string_view text) {
  static constexpr std::array<Unit, 5> kUnits = {
      {{"ms", 1.0}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}}};
  std::int64_t total = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::int64_t number = 0;
    const auto [end, fault] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (fault != std::errc() || number < 0) break;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& candidate) {
      const bool next_is_letter =
          rest.size() > candidate.suffix.size() &&
          std::isalpha(static_cast<unsigned char>(rest[candidate.suffix.size()])) != 0;
      return rest.starts_with(candidate.suffix) && !next_is_letter;
    });
    if (unit == kUnits.end()) break;
    total += number * static_cast<std::int64_t>(unit->factor);
    rest.remove_prefix(unit->suffix.size());
    if (rest.empty()) return total;
  }
  return Error(ErrorCode::invalid_input, "\"" + std::string(text) + "\" is not a duration")
      .with_hint("write for instance 250ms, 90s, 15m or 1h30m");
}

std::string format_duration(std::int64_t milliseconds) {
  std::array<char, 64> buffer{};
  if (milliseconds < 60000) {
    std::snprintf(buffer.data(), buffer.size(), "%.1f s", static_cast<double>(milliseconds) / 1e3);
    return buffer.data();
  }
  const std::int64_t seconds = milliseconds / 1000;
  const auto two = [](std::int64_t large, const char* large_unit, std::int64_t small,
                      const char* small_unit) {
    std::string text = std::to_string(large) + " " + large_unit;
    if (small != 0) text += " " + std::to_string(small) + " " + small_unit;
    return text;
  };
  if (seconds < 3600) return two(seconds / 60, "min", seconds % 60, "s");
  if (seconds < 86400) return two(seconds / 3600, "h", seconds / 60 % 60, "min");
  return two(seconds / 86400, "d", seconds / 3600 % 24, "h");
}

} // namespace allod
