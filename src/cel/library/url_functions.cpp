// Kubernetes' URL library: absolute URLs, or absolute paths without a host (RFC 3986).
#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "base/encoding.h"
#include "cel/library/arguments.h"
#include "cel/library/library.h"
#include "cel/library/url.h"

namespace allod::cel {

namespace {

constexpr std::string_view kTypeName = "kubernetes.URL";

struct Parts {
  std::string scheme;
  std::string host; ///< with the port
  std::string hostname;
  std::string port;
  std::string escaped_path;
  std::string query;
};

class Url final : public Opaque {
 public:
  Url(std::string text, Parts parts) : text_(std::move(text)), parts_(std::move(parts)) {}
  [[nodiscard]] const Parts& parts() const { return parts_; }
  [[nodiscard]] std::string_view type_name() const override { return kTypeName; }
  [[nodiscard]] bool equals(const Opaque& other) const override {
    return text_ == static_cast<const Url&>(other).text_;
  }
  [[nodiscard]] std::string print() const override { return text_; }

 private:
  std::string text_;
  Parts parts_;
};

bool is_alnum(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}
bool is_hex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

/// Whether each % leads two hexadecimal digits and no control character occurs.
bool is_well_escaped(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if (octet < 0x20 || octet == 0x7F) return false;
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
  }
  return true;
}

std::string escape_path(std::string_view path) {
  constexpr std::string_view kPlain = "-_.~$&+,/:;=@!'()*%[]";
  return percent_encode(path, kPlain);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return (c | 0x20) - 'a' + 10;
}

std::string unescape(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' && plus_is_space ? ' ' : text[i];
    }
  }
  return out;
}

/// Splits "host:port" or "[v6]:port"; false when it is malformed.
bool split_host(std::string_view host, Parts& parts) {
  parts.host = std::string(host);
  std::string_view rest;
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos) return false;
    parts.hostname = std::string(host.substr(1, close - 1));
    rest = host.substr(close + 1);
  } else {
    const std::size_t colon = std::min(host.find(':'), host.size());
    parts.hostname = std::string(host.substr(0, colon));
    rest = host.substr(colon);
  }
  if (rest.empty()) return true;
  if (!rest.starts_with(':')) return false;
  parts.port = std::string(rest.substr(1));
  return std::all_of(parts.port.begin(), parts.port.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

bool is_scheme(std::string_view text) {
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text[0])) == 0) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; });
}

bool is_host(std::string_view host) {
  return host.find_first_of(" \"<>\\^`{|}#") == std::string_view::npos;
}

std::optional<Parts> parse(std::string_view text) {
  Parts parts;
  if (text.empty() || !is_well_escaped(text)) return std::nullopt;
  const std::size_t colon = text.find(':');
  if (!text.starts_with('/')) {
    if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) return std::nullopt;
    parts.scheme = std::string(text.substr(0, colon));
    std::transform(parts.scheme.begin(), parts.scheme.end(), parts.scheme.begin(), [](char c) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    text.remove_prefix(colon + 1);
    // What follows the scheme must be absolute as well.
    if (!text.starts_with('/')) return std::nullopt;
  }
  if (!parts.scheme.empty() && text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    std::string_view authority = text.substr(0, end);
    text.remove_prefix(end);
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos) authority.remove_prefix(at + 1);
    if (!is_host(authority) || !split_host(authority, parts)) return std::nullopt;
  }
  const std::size_t question = std::min(text.find('?'), text.size());
  parts.escaped_path = escape_path(text.substr(0, question));
  if (question < text.size()) parts.query = std::string(text.substr(question + 1));
  return parts;
}

const Parts& parts_of(const Value& value) {
  return static_cast<const Url&>(value.as_opaque()).parts();
}

Value url(Arguments a, Meter& meter) {
  if (!meter.charge_bytes(a[0].as_string().size() * 4)) return cost_error();
  auto parts = parse(a[0].as_string());
  if (!parts) return Value::error("not a URL: " + a[0].to_string(200));
  return Value::opaque(
      std::make_shared<const Url>(std::string(a[0].as_string()), std::move(*parts)));
}
Value is_url(Arguments a, Meter& meter) {
  if (!meter.charge_bytes(a[0].as_string().size() * 4)) return cost_error();
  return Value::of_bool(parse(a[0].as_string()).has_value());
}
Value scheme(Arguments a, Meter&) {
  return Value::string(parts_of(a[0]).scheme);
}
Value host(Arguments a, Meter&) {
  return Value::string(parts_of(a[0]).host);
}
Value hostname(Arguments a, Meter&) {
  return Value::string(parts_of(a[0]).hostname);
}
Value port(Arguments a, Meter&) {
  return Value::string(parts_of(a[0]).port);
}
Value escaped_path(Arguments a, Meter&) {
  return Value::string(parts_of(a[0]).escaped_path);
}

Value query(Arguments a, Meter& meter) {
  std::string_view rest = parts_of(a[0]).query;
  if (!meter.charge(rest.size())) return cost_error();
  std::map<std::string, std::vector<Value>> values;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    values[unescape(pair.substr(0, equals), true)].push_back(Value::string(unescape(value, true)));
  }
  std::vector<std::pair<Value, Value>> entries;
  for (auto& [key, list] : values) {
    entries.emplace_back(Value::string(key), Value::list(std::move(list)));
  }
  return Value::map(std::move(entries));
}

} // namespace

bool is_url_text(std::string_view text) {
  return parse(text).has_value();
}

void add_url_functions(Environment& environment) {
  environment.declare_type(Type::opaque(std::string(kTypeName)));
  constexpr std::array<LibraryEntry, 8> kEntries{{
      {"url(string) -> kubernetes.URL", url},
      {"isURL(string) -> bool", is_url},
      {"kubernetes.URL.getScheme() -> string", scheme},
      {"kubernetes.URL.getHost() -> string", host},
      {"kubernetes.URL.getHostname() -> string", hostname},
      {"kubernetes.URL.getPort() -> string", port},
      {"kubernetes.URL.getEscapedPath() -> string", escaped_path},
      {"kubernetes.URL.getQuery() -> map<string, list<string>>", query},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
