#include "trust/spiffe_id.h"

#include <algorithm>

namespace allod::trust {
namespace {

constexpr std::string_view kScheme = "spiffe://";
constexpr std::size_t kLongestId = 2048;
constexpr std::size_t kLongestDomain = 255;

bool is_domain_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_path_character(char c) {
  return is_domain_character(c) || (c >= 'A' && c <= 'Z');
}

Error refuse(std::string_view what, std::string_view text) {
  return Error(ErrorCode::invalid_input, "\"" + std::string(text.substr(0, 200)) +
                                             "\" is no SPIFFE ID: " + std::string(what));
}

Status check_path(std::string_view path, std::string_view whole) {
  if (path.empty()) return {};
  if (path.front() != '/') return refuse("the path does not begin with \"/\"", whole);
  if (path.back() == '/') return refuse("the path ends with \"/\"", whole);
  std::size_t start = 1;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view segment = path.substr(start, end - start);
    if (segment.empty()) return refuse("a segment of the path is empty", whole);
    if (segment == "." || segment == "..") return refuse("a segment of the path is a dot", whole);
    if (!std::all_of(segment.begin(), segment.end(), is_path_character)) {
      return refuse("the path holds a character outside of a-z A-Z 0-9 . - _", whole);
    }
    start = end + 1;
  }
  return {};
}

} // namespace

Result<TrustDomain> TrustDomain::parse(std::string_view name) {
  if (name.empty()) return Error(ErrorCode::invalid_input, "the trust domain's name is empty");
  if (name.size() > kLongestDomain) {
    return Error(ErrorCode::invalid_input, "the trust domain's name is longer than 255 characters");
  }
  if (!std::all_of(name.begin(), name.end(), is_domain_character)) {
    return Error(ErrorCode::invalid_input, "the trust domain \"" + std::string(name) +
                                               "\" holds a character outside of a-z 0-9 . - _");
  }
  return TrustDomain(std::string(name));
}

Result<SpiffeId> SpiffeId::parse(std::string_view uri) {
  if (uri.size() > kLongestId) return refuse("longer than 2048 bytes", uri);
  if (uri.substr(0, kScheme.size()) != kScheme) {
    return refuse("it does not begin with \"spiffe://\"", uri);
  }
  const std::string_view rest = uri.substr(kScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  Result<TrustDomain> domain = TrustDomain::parse(rest.substr(0, slash));
  if (!domain) return refuse(domain.error().message(), uri);
  if (Status path = check_path(rest.substr(slash), uri); !path) return std::move(path).error();
  return SpiffeId(std::move(*domain), std::string(rest.substr(slash)));
}

Result<SpiffeId> SpiffeId::make(const TrustDomain& domain, std::string_view path) {
  if (Status checked = check_path(path, path); !checked) return std::move(checked).error();
  SpiffeId id(domain, std::string(path));
  if (id.uri().size() > kLongestId) return refuse("longer than 2048 bytes", id.uri());
  return id;
}

} // namespace allod::trust
