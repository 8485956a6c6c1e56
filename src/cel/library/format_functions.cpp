// string.format(): the clauses %s %d %f %e %b %o %x %X of the strings extension.
#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <cmath>

#include "cel/library/arguments.h"
#include "cel/library/library.h"
#include "cel/time.h"

namespace allod::cel {

namespace {

constexpr std::size_t kMostPrecision = 1000;

std::string double_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return format_double(number);
}

/// What %s makes of a value; nothing for kinds that have no text.
class Stringer {
 public:
  explicit Stringer(Meter& meter) : meter_(meter) {}

  bool append(std::string& out, const Value& value) {
    if (!meter_.charge(1)) return false;
    switch (value.kind()) {
    case Kind::null:
      out += "null";
      return true;
    case Kind::boolean:
      out += value.as_bool() ? "true" : "false";
      return true;
    case Kind::int64:
      out += std::to_string(value.as_int());
      return true;
    case Kind::uint64:
      out += std::to_string(value.as_uint());
      return true;
    case Kind::float64:
      out += double_text(value.as_double());
      return true;
    case Kind::string:
      return append_text(out, value.as_string());
    case Kind::bytes:
      return append_text(out, value.as_bytes());
    case Kind::timestamp:
      out += format_timestamp(value.as_timestamp());
      return true;
    case Kind::duration:
      out += format_duration(value.as_duration());
      return true;
    case Kind::type:
      out += value.as_type();
      return true;
    case Kind::opaque:
      out += value.as_opaque().print();
      return true;
    case Kind::list:
      return append_list(out, value.as_list());
    case Kind::map:
      return append_map(out, value.as_map());
    default:
      return false;
    }
  }

 private:
  bool append_text(std::string& out, std::string_view text) {
    if (!meter_.charge_bytes(text.size())) return false;
    out += text;
    return true;
  }

  bool append_list(std::string& out, const List& list) {
    out += "[";
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out += ", ";
      if (!append(out, list.at(i))) return false;
    }
    out += "]";
    return true;
  }

  /// Maps print in the order of their keys' texts, whatever order they have.
  bool append_map(std::string& out, const Map& map) {
    if (!meter_.charge_bytes(map.size() * sizeof(Value))) return false;
    std::vector<std::pair<std::string, Value>> entries;
    for (std::size_t i = 0; i < map.size(); ++i) {
      auto [key, value] = map.entry(i);
      std::string text;
      if (!append(text, key)) return false;
      entries.emplace_back(std::move(text), std::move(value));
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [](const auto& left, const auto& right) { return left.first < right.first; });
    out += "{";
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out += ", ";
      out += entries[i].first + ": ";
      if (!append(out, entries[i].second)) return false;
    }
    out += "}";
    return true;
  }

  Meter& meter_;
};

std::string in_base(std::uint64_t magnitude, bool negative, int base) {
  std::array<char, 65> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), magnitude, base).ptr;
  return (negative ? "-" : "") + std::string(digits.data(), end);
}

/// An int, uint or (where allowed) bool in a base.
std::optional<std::string> integer_text(const Value& value, int base) {
  if (value.is(Kind::uint64)) return in_base(value.as_uint(), false, base);
  if (!value.is(Kind::int64)) return std::nullopt;
  const bool negative = value.as_int() < 0;
  const auto bits = static_cast<std::uint64_t>(value.as_int());
  return in_base(negative ? ~bits + 1 : bits, negative, base);
}

std::string hex_of(std::string_view octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(octets.size() * 2);
  for (const char character : octets) {
    const auto octet = static_cast<unsigned char>(character);
    out += kDigits[octet >> 4U];
    out += kDigits[octet & 0xFU];
  }
  return out;
}

std::optional<std::string> hex_text(const Value& value) {
  if (value.is(Kind::string)) return hex_of(value.as_string());
  if (value.is(Kind::bytes)) return hex_of(value.as_bytes());
  return integer_text(value, 16);
}

std::optional<std::string> float_text(const Value& value, std::chars_format format,
                                      std::size_t precision) {
  double number = 0;
  switch (value.kind()) {
  case Kind::float64:
    number = value.as_double();
    break;
  case Kind::int64:
    number = static_cast<double>(value.as_int());
    break;
  case Kind::uint64:
    number = static_cast<double>(value.as_uint());
    break;
  default:
    return std::nullopt;
  }
  if (!std::isfinite(number)) return double_text(number);
  std::string buffer(precision + 400, '\0');
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format,
                                     static_cast<int>(precision));
  buffer.resize(static_cast<std::size_t>(written.ptr - buffer.data()));
  return buffer;
}

class Formatter {
 public:
  Formatter(std::string_view pattern, const List& arguments, Meter& meter)
      : rest_(pattern), arguments_(arguments), meter_(meter) {}

  Value run() {
    while (!rest_.empty()) {
      const std::size_t mark = std::min(rest_.find('%'), rest_.size());
      out_ += rest_.substr(0, mark);
      rest_.remove_prefix(mark);
      if (rest_.empty()) break;
      rest_.remove_prefix(1);
      if (auto problem = clause()) return std::move(*problem);
      if (meter_.exhausted()) return cost_error();
    }
    return Value::string(std::move(out_));
  }

 private:
  /// One clause behind its %; an error or unknown when it does not work out.
  std::optional<Value> clause() {
    if (rest_.starts_with('%')) {
      rest_.remove_prefix(1);
      out_ += '%';
      return std::nullopt;
    }
    std::size_t precision = 6;
    if (rest_.starts_with('.')) {
      const char* end = rest_.data() + rest_.size();
      const auto read = std::from_chars(rest_.data() + 1, end, precision);
      if (read.ec != std::errc() || precision > kMostPrecision) {
        return Value::error("format(): a precision is a number up to 1000");
      }
      rest_.remove_prefix(static_cast<std::size_t>(read.ptr - rest_.data()));
    }
    if (rest_.empty()) return Value::error("format(): % at the end lacks its letter");
    const char letter = rest_.front();
    rest_.remove_prefix(1);
    if (std::string_view("sdfeboxX").find(letter) == std::string_view::npos) {
      return Value::error(std::string("format(): there is no clause %") + letter);
    }
    if (next_ >= arguments_.size()) {
      return Value::error("format(): index " + std::to_string(next_) +
                          " out of range: " + "there are more clauses than values");
    }
    const Value value = arguments_.at(next_++);
    if (value.is_abnormal()) return value;
    const auto text = clause_text(letter, value, precision);
    if (text && meter_.charge_bytes(text->size())) {
      out_ += *text;
      return std::nullopt;
    }
    if (meter_.exhausted()) return cost_error();
    return Value::error(std::string("format(): %") + letter + " cannot take a value of type " +
                        value.type_name());
  }

  std::optional<std::string> clause_text(char letter, const Value& value, std::size_t precision) {
    switch (letter) {
    case 's': {
      std::string text;
      if (!Stringer(meter_).append(text, value)) return std::nullopt;
      return text;
    }
    case 'd':
      if (value.is(Kind::float64)) return double_text(value.as_double());
      return integer_text(value, 10);
    case 'f':
      return float_text(value, std::chars_format::fixed, precision);
    case 'e':
      return float_text(value, std::chars_format::scientific, precision);
    case 'b':
      if (value.is(Kind::boolean)) return value.as_bool() ? "1" : "0";
      return integer_text(value, 2);
    case 'o':
      return integer_text(value, 8);
    default: {
      auto text = hex_text(value);
      if (text && letter == 'X') {
        std::transform(text->begin(), text->end(), text->begin(), [](char c) {
          return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
        });
      }
      return text;
    }
    }
  }

  std::string_view rest_;
  const List& arguments_;
  Meter& meter_;
  std::size_t next_ = 0;
  std::string out_;
};

Value format(Arguments a, Meter& meter) {
  if (!meter.charge_bytes(a[0].as_string().size())) return cost_error();
  return Formatter(a[0].as_string(), a[1].as_list(), meter).run();
}

} // namespace

void add_format_functions(Environment& environment) {
  constexpr std::array<LibraryEntry, 1> kEntries{{{"string.format(list<dyn>) -> string", format}}};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
