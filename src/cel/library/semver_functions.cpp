// Kubernetes' semver library (Semantic Versioning 2.0.0).
#include <algorithm>
#include <array>
#include <charconv>
#include <compare>

#include "cel/library/arguments.h"
#include "cel/library/library.h"

namespace allod::cel {

namespace {

constexpr std::string_view kTypeName = "kubernetes.Semver";

struct Version {
  std::array<std::int64_t, 3> numbers{};
  std::vector<std::string> pre;
  std::string build;
};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Precedence (section 11): a number before a word, fewer identifiers before more.
std::strong_ordering compare_identifiers(const std::string& left, const std::string& right) {
  const bool numbers = is_number(left) && is_number(right);
  if (numbers && left.size() != right.size()) return left.size() <=> right.size();
  if (is_number(left) != is_number(right)) {
    return is_number(left) ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return left.compare(right) <=> 0;
}

std::strong_ordering compare(const Version& left, const Version& right) {
  if (left.numbers != right.numbers) return left.numbers <=> right.numbers;
  if (left.pre.empty() || right.pre.empty()) return left.pre.empty() <=> right.pre.empty();
  for (std::size_t i = 0; i < std::min(left.pre.size(), right.pre.size()); ++i) {
    const auto ordering = compare_identifiers(left.pre[i], right.pre[i]);
    if (ordering != 0) return ordering;
  }
  return left.pre.size() <=> right.pre.size();
}

class Semver final : public Opaque {
 public:
  Semver(std::string text, Version version)
      : text_(std::move(text)), version_(std::move(version)) {}
  [[nodiscard]] const Version& version() const { return version_; }
  [[nodiscard]] std::string_view type_name() const override { return kTypeName; }
  [[nodiscard]] bool equals(const Opaque& other) const override {
    return compare(version_, static_cast<const Semver&>(other).version_) == 0;
  }
  [[nodiscard]] std::string print() const override { return text_; }

 private:
  std::string text_;
  Version version_;
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    parts.emplace_back(text.substr(0, dot));
    if (dot == text.size()) return parts;
    text.remove_prefix(dot + 1);
  }
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

bool has_leading_zero(std::string_view text) {
  return text.size() > 1 && text[0] == '0';
}

bool read_numbers(std::string_view core, bool normalize, Version& version) {
  std::vector<std::string> parts = split(core);
  if (normalize) {
    while (parts.size() < 3)
      parts.emplace_back("0");
  }
  if (parts.size() != 3) return false;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string& part = parts[i];
    if (!is_number(part) || (has_leading_zero(part) && !normalize)) return false;
    const auto read =
        std::from_chars(part.data(), part.data() + part.size(), version.numbers.at(i));
    if (read.ec != std::errc()) return false;
  }
  return true;
}

/// With `normalize` "v1.02" is 1.2.0.
std::optional<Version> parse(std::string_view text, bool normalize) {
  Version version;
  if (normalize && text.starts_with('v')) text.remove_prefix(1);
  const std::size_t plus = text.find('+');
  if (plus != std::string_view::npos) {
    version.build = std::string(text.substr(plus + 1));
    const auto parts = split(version.build);
    if (!std::all_of(parts.begin(), parts.end(), is_identifier)) return std::nullopt;
    text = text.substr(0, plus);
  }
  const std::size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    version.pre = split(text.substr(dash + 1));
    for (const std::string& part : version.pre) {
      if (!is_identifier(part) || (is_number(part) && has_leading_zero(part))) return std::nullopt;
    }
    text = text.substr(0, dash);
  }
  if (!read_numbers(text, normalize, version)) return std::nullopt;
  return version;
}

std::optional<Version> parse_arguments(Arguments a) {
  constexpr std::size_t kLongest = 256;
  if (a[0].as_string().size() > kLongest) return std::nullopt;
  return parse(a[0].as_string(), a.size() == 2 && a[1].as_bool());
}

const Version& version_of(const Value& value) {
  return static_cast<const Semver&>(value.as_opaque()).version();
}

Value semver(Arguments a, Meter&) {
  auto version = parse_arguments(a);
  if (!version) return Value::error("not a semantic version: " + a[0].to_string(100));
  return Value::opaque(
      std::make_shared<const Semver>(std::string(a[0].as_string()), std::move(*version)));
}
Value is_semver(Arguments a, Meter&) {
  return Value::of_bool(parse_arguments(a).has_value());
}
Value major(Arguments a, Meter&) {
  return Value::of_int(version_of(a[0]).numbers[0]);
}
Value minor(Arguments a, Meter&) {
  return Value::of_int(version_of(a[0]).numbers[1]);
}
Value patch(Arguments a, Meter&) {
  return Value::of_int(version_of(a[0]).numbers[2]);
}
Value compare_to(Arguments a, Meter&) {
  const auto ordering = compare(version_of(a[0]), version_of(a[1]));
  return Value::of_int((ordering > 0) - (ordering < 0));
}
Value is_less(Arguments a, Meter&) {
  return Value::of_bool(compare(version_of(a[0]), version_of(a[1])) < 0);
}
Value is_greater(Arguments a, Meter&) {
  return Value::of_bool(compare(version_of(a[0]), version_of(a[1])) > 0);
}

} // namespace

void add_semver_functions(Environment& environment) {
  environment.declare_type(Type::opaque(std::string(kTypeName)));
  constexpr std::array<LibraryEntry, 10> kEntries{{
      {"semver(string) -> kubernetes.Semver", semver},
      {"semver(string, bool) -> kubernetes.Semver", semver},
      {"isSemver(string) -> bool", is_semver},
      {"isSemver(string, bool) -> bool", is_semver},
      {"kubernetes.Semver.major() -> int", major},
      {"kubernetes.Semver.minor() -> int", minor},
      {"kubernetes.Semver.patch() -> int", patch},
      {"kubernetes.Semver.compareTo(kubernetes.Semver) -> int", compare_to},
      {"kubernetes.Semver.isLessThan(kubernetes.Semver) -> bool", is_less},
      {"kubernetes.Semver.isGreaterThan(kubernetes.Semver) -> bool", is_greater},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
