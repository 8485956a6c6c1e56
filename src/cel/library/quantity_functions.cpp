// Kubernetes' quantities: exact numbers with unit suffixes such as "1.5Gi" or "200m".
#include <array>
#include <charconv>

#include "cel/library/arguments.h"
#include "cel/library/library.h"

namespace allod::cel {

namespace {

// 128 bits hold the largest allowed quantity (2^63 - 1) in billionths, with room for sums.
__extension__ using Wide = __int128;

constexpr std::int64_t kBillion = 1'000'000'000;
constexpr Wide kMost = static_cast<Wide>(INT64_MAX) * kBillion;
constexpr std::string_view kTypeName = "kubernetes.Quantity";

std::string wide_text(Wide value) {
  const bool negative = value < 0;
  std::string digits;
  do {
    const auto digit = static_cast<int>(value % 10);
    digits.insert(digits.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
    value /= 10;
  } while (value != 0);
  return (negative ? "-" : "") + digits;
}

class Quantity final : public Opaque {
 public:
  explicit Quantity(Wide billionths) : billionths_(billionths) {}
  [[nodiscard]] Wide billionths() const { return billionths_; }
  [[nodiscard]] std::string_view type_name() const override { return kTypeName; }
  [[nodiscard]] bool equals(const Opaque& other) const override {
    return billionths_ == static_cast<const Quantity&>(other).billionths_;
  }
  [[nodiscard]] std::string print() const override {
    std::string text = wide_text(billionths_ / kBillion);
    Wide part = billionths_ % kBillion;
    if (part < 0) part = -part;
    if (part == 0) return text;
    if (billionths_ < 0 && text == "0") text = "-0";
    std::string fraction = wide_text(part + kBillion).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return text + "." + fraction;
  }

 private:
  Wide billionths_;
};

/// What a suffix multiplies by: a power of two or of ten.
struct Scale {
  int binary = 0;
  int decimal = 0;
};

std::optional<Scale> scale_of(std::string_view suffix) {
  struct Suffix {
    std::string_view text;
    Scale scale;
  };
  constexpr std::array<Suffix, 16> kSuffixes{{{"", {0, 0}},
                                              {"n", {0, -9}},
                                              {"u", {0, -6}},
                                              {"m", {0, -3}},
                                              {"k", {0, 3}},
                                              {"M", {0, 6}},
                                              {"G", {0, 9}},
                                              {"T", {0, 12}},
                                              {"P", {0, 15}},
                                              {"E", {0, 18}},
                                              {"Ki", {10, 0}},
                                              {"Mi", {20, 0}},
                                              {"Gi", {30, 0}},
                                              {"Ti", {40, 0}},
                                              {"Pi", {50, 0}},
                                              {"Ei", {60, 0}}}};
  for (const Suffix& one : kSuffixes) {
    if (one.text == suffix) return one.scale;
  }
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  suffix.remove_prefix(suffix[1] == '+' ? 2 : 1);
  int exponent = 0;
  const char* end = suffix.data() + suffix.size();
  const auto read = std::from_chars(suffix.data(), end, exponent);
  if (read.ec != std::errc() || read.ptr != end || exponent < -1000 || exponent > 1000) {
    return std::nullopt;
  }
  return Scale{0, exponent};
}

/// Decimal digits times two.
void double_digits(std::string& digits) {
  int carry = 0;
  for (std::size_t at = digits.size(); at-- > 0;) {
    const int doubled = (digits[at] - '0') * 2 + carry;
    digits[at] = static_cast<char>('0' + doubled % 10);
    carry = doubled / 10;
  }
  if (carry != 0) digits.insert(digits.begin(), '1');
}

/// digits × 10^exponent × 2^binary in billionths: rounded away from zero, at most kMost.
Wide scaled(std::string digits, int exponent, int binary) {
  // The binary factor goes first, so that nothing is lost before it.
  for (int i = 0; i < binary; ++i)
    double_digits(digits);
  const int whole = static_cast<int>(digits.size()) + exponent + 9; // digits that count
  Wide value = 0;
  bool rest = false;
  for (int i = 0; i < static_cast<int>(digits.size()); ++i) {
    const int digit = digits[static_cast<std::size_t>(i)] - '0';
    if (i >= whole) {
      rest = rest || digit != 0;
    } else {
      value = value > kMost / 10 ? kMost : value * 10 + digit;
    }
  }
  for (int i = static_cast<int>(digits.size()); i < whole && value != 0; ++i) {
    value = value > kMost / 10 ? kMost : value * 10;
  }
  if (rest && value < kMost) ++value;
  return value < kMost ? value : kMost;
}

std::optional<Wide> parse(std::string_view text) {
  constexpr std::size_t kLongest = 100;
  if (text.size() > kLongest) return std::nullopt;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::string digits;
  int fraction = 0;
  bool point = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
    } else if (text[at] >= '0' && text[at] <= '9') {
      digits += text[at];
      fraction += point ? 1 : 0;
    } else {
      break;
    }
  }
  if (digits.empty()) return std::nullopt;
  const auto scale = scale_of(text.substr(at));
  if (!scale) return std::nullopt;
  const Wide size = scaled(std::move(digits), scale->decimal - fraction, scale->binary);
  return negative ? -size : size;
}

Wide number(const Value& value) {
  if (value.is(Kind::int64)) return static_cast<Wide>(value.as_int()) * kBillion;
  return static_cast<const Quantity&>(value.as_opaque()).billionths();
}

Value of(Wide billionths) {
  return Value::opaque(std::make_shared<const Quantity>(billionths));
}

Value quantity(Arguments a, Meter&) {
  const auto parsed = parse(a[0].as_string());
  return parsed ? of(*parsed) : Value::error("not a quantity: " + a[0].to_string(100));
}
Value is_quantity(Arguments a, Meter&) {
  return Value::of_bool(parse(a[0].as_string()).has_value());
}
Value sign(Arguments a, Meter&) {
  return Value::of_int((number(a[0]) > 0) - (number(a[0]) < 0));
}
bool fits_int(Wide billionths) {
  const Wide whole = billionths / kBillion;
  return billionths % kBillion == 0 && whole <= INT64_MAX && whole >= INT64_MIN;
}
Value is_integer(Arguments a, Meter&) {
  return Value::of_bool(fits_int(number(a[0])));
}
Value as_integer(Arguments a, Meter&) {
  if (!fits_int(number(a[0]))) return Value::error("the quantity is no int");
  return Value::of_int(static_cast<std::int64_t>(number(a[0]) / kBillion));
}
Value as_double(Arguments a, Meter&) {
  return Value::of_double(static_cast<double>(number(a[0])) / static_cast<double>(kBillion));
}
Value sum(Wide left, Wide right) {
  Wide result = 0;
  if (__builtin_add_overflow(left, right, &result)) return Value::error("quantity overflow");
  return of(result);
}
Value add(Arguments a, Meter&) {
  return sum(number(a[0]), number(a[1]));
}
Value sub(Arguments a, Meter&) {
  return sum(number(a[0]), -number(a[1]));
}
Value compare_to(Arguments a, Meter&) {
  return Value::of_int((number(a[0]) > number(a[1])) - (number(a[0]) < number(a[1])));
}
Value is_less(Arguments a, Meter&) {
  return Value::of_bool(number(a[0]) < number(a[1]));
}
Value is_greater(Arguments a, Meter&) {
  return Value::of_bool(number(a[0]) > number(a[1]));
}

} // namespace

void add_quantity_functions(Environment& environment) {
  environment.declare_type(Type::opaque(std::string(kTypeName)));
  constexpr std::array<LibraryEntry, 13> kEntries{{
      {"quantity(string) -> kubernetes.Quantity", quantity},
      {"isQuantity(string) -> bool", is_quantity},
      {"kubernetes.Quantity.sign() -> int", sign},
      {"kubernetes.Quantity.isInteger() -> bool", is_integer},
      {"kubernetes.Quantity.asInteger() -> int", as_integer},
      {"kubernetes.Quantity.asApproximateFloat() -> double", as_double},
      {"kubernetes.Quantity.add(kubernetes.Quantity) -> kubernetes.Quantity", add},
      {"kubernetes.Quantity.add(int) -> kubernetes.Quantity", add},
      {"kubernetes.Quantity.sub(kubernetes.Quantity) -> kubernetes.Quantity", sub},
      {"kubernetes.Quantity.sub(int) -> kubernetes.Quantity", sub},
      {"kubernetes.Quantity.compareTo(kubernetes.Quantity) -> int", compare_to},
      {"kubernetes.Quantity.isLessThan(kubernetes.Quantity) -> bool", is_less},
      {"kubernetes.Quantity.isGreaterThan(kubernetes.Quantity) -> bool", is_greater},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
