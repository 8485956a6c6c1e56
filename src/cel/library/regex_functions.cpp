// The regex extension, and Kubernetes' find() and findAll(). The syntax is RE2's.
#include <array>
#include <cctype>

#include <re2/re2.h>

#include "cel/library/arguments.h"
#include "cel/library/library.h"
#include "cel/library/regex.h"

namespace allod::cel {

namespace {

/// The part of a regex function that all have: the pattern, compiled and charged for.
class Pattern {
 public:
  Pattern(const Value& pattern, const Value& target, Meter& meter)
      : regex_(pattern.as_string(), meter), target_(target.as_string()) {
    if (!regex_.problem()) regex_.charge_match(target_.size(), meter);
  }

  [[nodiscard]] std::optional<Value> problem() const { return regex_.problem(); }
  [[nodiscard]] int groups() const { return regex_.expression().NumberOfCapturingGroups(); }

  /// The match from byte `from` on, with its groups; false when there is none.
  bool match(std::size_t from, std::vector<re2::StringPiece>& groups) const {
    groups.resize(static_cast<std::size_t>(this->groups()) + 1);
    return regex_.expression().Match(target_, from, target_.size(), re2::RE2::UNANCHORED,
                                     groups.data(), static_cast<int>(groups.size()));
  }

  /// Calls `take` with the groups of each match that does not overlap the one before, until it says
  /// to stop.
  template<class Take>
  void each(Take take) const {
    std::vector<re2::StringPiece> groups;
    std::size_t at = 0;
    std::optional<std::size_t> last_end;
    while (at <= target_.size() && match(at, groups)) {
      const std::size_t begin = offset(groups[0]);
      const bool empty = groups[0].empty();
      // An empty match right behind another match is none.
      if (!(empty && last_end == begin) && !take(groups)) return;
      at = begin + groups[0].size();
      last_end = at;
      // Past an empty match goes one code point, or it would be found for ever.
      if (empty) at += step(at);
    }
  }

  [[nodiscard]] std::size_t step(std::size_t at) const {
    if (at >= target_.size()) return 1;
    return decode_utf8(std::string_view(target_.data(), target_.size()).substr(at)).length;
  }

  [[nodiscard]] std::size_t offset(re2::StringPiece part) const {
    return static_cast<std::size_t>(part.data() - target_.data());
  }

 private:
  Regex regex_;
  re2::StringPiece target_;
};

Value of_piece(re2::StringPiece piece) {
  return Value::string(piece.data() == nullptr ? std::string() : std::string(piece));
}

/// Puts groups in the place of \0…\9; nothing when the replacement text is malformed.
std::optional<std::string> expand(std::string_view replacement,
                                  const std::vector<re2::StringPiece>& groups) {
  std::string out;
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\') {
      out += replacement[i];
      continue;
    }
    if (++i == replacement.size()) return std::nullopt;
    if (replacement[i] == '\\') {
      out += '\\';
      continue;
    }
    if (std::isdigit(static_cast<unsigned char>(replacement[i])) == 0) return std::nullopt;
    const auto group = static_cast<std::size_t>(replacement[i] - '0');
    if (group >= groups.size()) return std::nullopt;
    if (groups[group].data() != nullptr) out.append(groups[group].data(), groups[group].size());
  }
  return out;
}

Value replace(Arguments a, Meter& meter) {
  const std::string_view target = a[0].as_string();
  const Pattern pattern(a[1], a[0], meter);
  if (auto problem = pattern.problem()) return std::move(*problem);
  const std::string_view replacement = a[2].as_string();
  const std::vector<re2::StringPiece> none(static_cast<std::size_t>(pattern.groups()) + 1);
  if (!expand(replacement, none)) {
    return Value::error("not a replacement for this pattern: " + a[2].to_string(100));
  }
  std::int64_t left = a.size() == 4 ? a[3].as_int() : -1;
  std::string out;
  std::size_t at = 0;
  pattern.each([&](const std::vector<re2::StringPiece>& groups) {
    if (left == 0 || !meter.charge(1 + replacement.size() / 8)) return false;
    const std::size_t begin = pattern.offset(groups[0]);
    out.append(target, at, begin - at);
    const std::string text = *expand(replacement, groups);
    if (!meter.charge_bytes(text.size())) return false;
    out += text;
    at = begin + groups[0].size();
    --left;
    return true;
  });
  if (meter.exhausted()) return cost_error();
  out.append(target, at);
  return Value::string(std::move(out));
}

/// The only group of a match, or all of it; nothing when the group is empty.
std::optional<Value> extracted(const std::vector<re2::StringPiece>& groups) {
  if (groups.size() < 2) return of_piece(groups[0]);
  if (groups[1].empty()) return std::nullopt;
  return of_piece(groups[1]);
}

Value extract(Arguments a, Meter& meter) {
  const Pattern pattern(a[1], a[0], meter);
  if (auto problem = pattern.problem()) return std::move(*problem);
  if (pattern.groups() > 1) return Value::error("extract() takes a pattern with one group at most");
  std::vector<re2::StringPiece> groups;
  if (!pattern.match(0, groups)) return Value::none();
  auto text = extracted(groups);
  return text ? Value::optional(std::move(*text)) : Value::none();
}

Value extract_all(Arguments a, Meter& meter) {
  const Pattern pattern(a[1], a[0], meter);
  if (auto problem = pattern.problem()) return std::move(*problem);
  if (pattern.groups() > 1) {
    return Value::error("extractAll() takes a pattern with one group at most");
  }
  std::vector<Value> all;
  pattern.each([&](const std::vector<re2::StringPiece>& groups) {
    if (!meter.charge_bytes(3 * sizeof(Value))) return false;
    if (auto text = extracted(groups)) all.push_back(std::move(*text));
    return true;
  });
  return meter.exhausted() ? cost_error() : Value::list(std::move(all));
}

Value find(Arguments a, Meter& meter) {
  const Pattern pattern(a[1], a[0], meter);
  if (auto problem = pattern.problem()) return std::move(*problem);
  std::vector<re2::StringPiece> groups;
  return pattern.match(0, groups) ? of_piece(groups[0]) : Value::string("");
}

Value find_all(Arguments a, Meter& meter) {
  const Pattern pattern(a[1], a[0], meter);
  if (auto problem = pattern.problem()) return std::move(*problem);
  std::int64_t left = a.size() == 3 ? a[2].as_int() : -1;
  std::vector<Value> all;
  pattern.each([&](const std::vector<re2::StringPiece>& groups) {
    if (left == 0 || !meter.charge_bytes(3 * sizeof(Value))) return false;
    all.push_back(of_piece(groups[0]));
    --left;
    return true;
  });
  return meter.exhausted() ? cost_error() : Value::list(std::move(all));
}

} // namespace

void add_regex_functions(Environment& environment) {
  constexpr std::array<LibraryEntry, 7> kEntries{{
      {"regex.replace(string, string, string) -> string", replace},
      {"regex.replace(string, string, string, int) -> string", replace},
      {"regex.extract(string, string) -> optional<string>", extract},
      {"regex.extractAll(string, string) -> list<string>", extract_all},
      {"string.find(string) -> string", find},
      {"string.findAll(string) -> list<string>", find_all},
      {"string.findAll(string, int) -> list<string>", find_all},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
