// The strings extension, but for format().
#include <algorithm>
#include <array>
#include <limits>

#include "cel/library/arguments.h"
#include "cel/library/library.h"

namespace allod::cel {

namespace {

Value char_at(Arguments a, Meter& meter) {
  const std::string_view text = a[0].as_string();
  meter.charge_bytes(text.size());
  const Points points(text);
  const auto at = points.position(a[1]);
  if (!at) return range_error(a[1].as_int());
  if (*at == points.size()) return Value::string("");
  const std::size_t begin = points.offset(*at);
  return Value::string(std::string(text.substr(begin, points.offset(*at + 1) - begin)));
}

Value index_of(Arguments a, Meter& meter) {
  const std::string_view text = a[0].as_string();
  if (!charge_search(meter, text.size(), a[1].as_string().size())) return cost_error();
  const Points points(text);
  std::size_t begin = 0;
  if (a.size() == 3) {
    const auto at = points.position(a[2]);
    if (!at) return range_error(a[2].as_int());
    begin = points.offset(*at);
  }
  const std::size_t found = text.find(a[1].as_string(), begin);
  return found == std::string::npos ? Value::of_int(-1) : of_size(points.index(found));
}

Value last_index_of(Arguments a, Meter& meter) {
  const std::string_view text = a[0].as_string();
  if (!charge_search(meter, text.size(), a[1].as_string().size())) return cost_error();
  const Points points(text);
  std::size_t last = text.size();
  if (a.size() == 3) {
    const auto at = points.position(a[2]);
    if (!at) return range_error(a[2].as_int());
    last = points.offset(*at);
  }
  const std::size_t found = text.rfind(a[1].as_string(), last);
  return found == std::string::npos ? Value::of_int(-1) : of_size(points.index(found));
}

Value join(Arguments a, Meter& meter) {
  const List& list = a[0].as_list();
  const std::string_view separator = a.size() == 2 ? a[1].as_string() : std::string_view();
  std::string text;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Value element = list.at(i);
    if (element.is_abnormal()) return element;
    if (!element.is(Kind::string)) {
      return Value::error("join() needs a list of strings, not of " + element.type_name());
    }
    if (!meter.charge(1 + (element.as_string().size() + separator.size()) / 8)) return cost_error();
    if (i > 0) text += separator;
    text += element.as_string();
  }
  return Value::string(std::move(text));
}

Value quote(Arguments a, Meter& meter) {
  meter.charge_bytes(a[0].as_string().size());
  return Value::string(quote_text(a[0].as_string()));
}

template<class Change>
Value change_ascii(Arguments a, Meter& meter, Change change) {
  std::string text(a[0].as_string());
  if (!meter.charge_bytes(text.size())) return cost_error();
  std::transform(text.begin(), text.end(), text.begin(), change);
  return Value::string(std::move(text));
}
Value lower_ascii(Arguments a, Meter& meter) {
  return change_ascii(
      a, meter, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
}
Value upper_ascii(Arguments a, Meter& meter) {
  return change_ascii(
      a, meter, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
}

/// The optional limit of replace() and split(); negative means none.
std::size_t limit_of(Arguments a, std::size_t position) {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  if (a.size() <= position || a[position].as_int() < 0) return kNone;
  return static_cast<std::size_t>(a[position].as_int());
}

/// Every code point boundary matches an empty search text.
std::size_t find_next(std::string_view text, std::string_view search, std::size_t from) {
  if (!search.empty()) return text.find(search, from);
  if (from >= text.size()) return std::string_view::npos;
  return from + decode_utf8(text.substr(from)).length;
}

Value replace(Arguments a, Meter& meter) {
  const std::string_view text = a[0].as_string();
  const std::string_view search = a[1].as_string();
  const std::string_view replacement = a[2].as_string();
  std::size_t left = limit_of(a, 3);
  if (!charge_search(meter, text.size(), search.size())) return cost_error();
  std::string out;
  std::size_t at = 0;
  if (search.empty() && left > 0) {
    out += replacement;
    --left;
  }
  while (left > 0) {
    const std::size_t found = find_next(text, search, at);
    if (found == std::string_view::npos) break;
    if (!meter.charge(1 + replacement.size() / 8)) return cost_error();
    out.append(text, at, found - at);
    out += replacement;
    at = found + search.size();
    --left;
  }
  out.append(text, at);
  return Value::string(std::move(out));
}

Value split(Arguments a, Meter& meter) {
  const std::string_view text = a[0].as_string();
  const std::string_view separator = a[1].as_string();
  std::size_t left = limit_of(a, 2);
  std::vector<Value> parts;
  if (left == 0) return Value::list(std::move(parts));
  if (!charge_search(meter, text.size(), separator.size())) return cost_error();
  std::size_t at = 0;
  while (left > 1) {
    const std::size_t found = find_next(text, separator, at);
    // An empty separator cuts between code points, not before the end.
    if (found == std::string_view::npos || (separator.empty() && found >= text.size())) break;
    if (!meter.charge_bytes(3 * sizeof(Value))) return cost_error();
    parts.push_back(Value::string(std::string(text.substr(at, found - at))));
    at = found + separator.size();
    --left;
  }
  if (!(separator.empty() && text.empty()))
    parts.push_back(Value::string(std::string(text.substr(at))));
  return Value::list(std::move(parts));
}

Value substring(Arguments a, Meter& meter) {
  const std::string_view text = a[0].as_string();
  meter.charge_bytes(text.size());
  const Points points(text);
  const auto begin = points.position(a[1]);
  if (!begin) return range_error(a[1].as_int());
  std::size_t end = points.size();
  if (a.size() == 3) {
    const auto given = points.position(a[2]);
    if (!given) return range_error(a[2].as_int());
    end = *given;
  }
  if (end < *begin) {
    return Value::error("invalid substring range. start: " + std::to_string(*begin) +
                        ", end: " + std::to_string(end));
  }
  const std::size_t from = points.offset(*begin);
  return Value::string(std::string(text.substr(from, points.offset(end) - from)));
}

/// Unicode's White_Space property.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

Value trim(Arguments a, Meter& meter) {
  std::string_view text = a[0].as_string();
  meter.charge_bytes(text.size());
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    if (!is_space(point.value)) break;
    text.remove_prefix(point.length);
  }
  while (!text.empty()) {
    std::size_t last = text.size() - 1;
    while (last > 0 && is_continuation(text[last]))
      --last;
    if (!is_space(decode_utf8(text.substr(last)).value)) break;
    text.remove_suffix(text.size() - last);
  }
  return Value::string(std::string(text));
}

Value reverse(Arguments a, Meter& meter) {
  std::string_view text = a[0].as_string();
  if (!meter.charge_bytes(text.size())) return cost_error();
  std::string out(text.size(), '\0');
  std::size_t end = text.size();
  while (!text.empty()) {
    const std::uint32_t length = decode_utf8(text).length;
    end -= length;
    text.copy(&out[end], length);
    text.remove_prefix(length);
  }
  return Value::string(std::move(out));
}

} // namespace

void add_string_functions(Environment& environment) {
  constexpr std::array<LibraryEntry, 18> kEntries{{
      {"string.charAt(int) -> string", char_at},
      {"string.indexOf(string) -> int", index_of},
      {"string.indexOf(string, int) -> int", index_of},
      {"string.lastIndexOf(string) -> int", last_index_of},
      {"string.lastIndexOf(string, int) -> int", last_index_of},
      {"list<string>.join() -> string", join},
      {"list<string>.join(string) -> string", join},
      {"strings.quote(string) -> string", quote},
      {"string.lowerAscii() -> string", lower_ascii},
      {"string.upperAscii() -> string", upper_ascii},
      {"string.replace(string, string) -> string", replace},
      {"string.replace(string, string, int) -> string", replace},
      {"string.split(string) -> list<string>", split},
      {"string.split(string, int) -> list<string>", split},
      {"string.substring(int) -> string", substring},
      {"string.substring(int, int) -> string", substring},
      {"string.trim() -> string", trim},
      {"string.reverse() -> string", reverse},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
