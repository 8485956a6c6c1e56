// A SPIFFE ID: who a workload is, as the URI that stands in its certificate
// (SPIFFE-ID specification, sections 2.1 to 2.4).
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace allod::trust {

/// The name of a trust domain: 1 to 255 of a-z 0-9 . - _ (section 2.1). Upper case is refused
/// rather than folded: an id is compared byte by byte wherever it travels.
class TrustDomain {
 public:
  /// Errors: invalid_input.
  static Result<TrustDomain> parse(std::string_view name);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// "spiffe://NAME", the id of the domain itself.
  [[nodiscard]] std::string uri() const { return "spiffe://" + name_; }
  auto operator<=>(const TrustDomain&) const = default;

 private:
  explicit TrustDomain(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

class SpiffeId {
 public:
  /// From "spiffe://TRUST-DOMAIN/PATH" of at most 2048 bytes. Errors: invalid_input, which says the
  /// rule that is broken (scheme, port, user, query, fragment, percent encoding, empty or dot
  /// segment, trailing slash).
  static Result<SpiffeId> parse(std::string_view uri);
  /// From a domain and a path that is empty or begins with "/". Errors: invalid_input.
  static Result<SpiffeId> make(const TrustDomain& domain, std::string_view path);

  [[nodiscard]] const TrustDomain& domain() const { return domain_; }
  /// Empty (the domain itself) or "/a/b".
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string uri() const { return domain_.uri() + path_; }
  auto operator<=>(const SpiffeId&) const = default;

 private:
  SpiffeId(TrustDomain domain, std::string path)
      : domain_(std::move(domain)), path_(std::move(path)) {}
  TrustDomain domain_;
  std::string path_;
};

} // namespace allod::trust
