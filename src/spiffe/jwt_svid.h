// JWT-SVIDs (SPIFFE JWT-SVID specification; RFC 7519, RFC 7515 with ES256 of RFC 7518) signed by
// keys of the token, and the JWKS (RFC 7517) by which others verify them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "trust/certificate_authority.h"
#include "trust/pkcs11_token.h"
#include "trust/spiffe_id.h"

namespace allod::spiffe {

struct JwtSvid {
  trust::SpiffeId id;
  nlohmann::json claims;
};

/// Calls are safe from several threads. The token must outlive it.
class JwtAuthority {
 public:
  struct Settings {
    trust::TrustDomain domain;
    trust::Clock clock;
    std::chrono::seconds lifetime{300};
  };
  JwtAuthority(trust::Token& token, Settings settings)
      : token_(&token), settings_(std::move(settings)) {}

  /// `labels` name the keys in the token, made when missing; the first signs, all are trusted.
  /// Claims: sub, aud, iat, exp. Errors: those of the token.
  Result<std::string> sign(const std::vector<std::string>& labels, const trust::SpiffeId& id,
                           const std::vector<std::string>& audience);
  /// {"keys": [{"kty": "EC", "use": "jwt-svid", "kid", "crv", "x", "y"}]}; kid is the key's
  /// thumbprint (RFC 7638). Errors: those of the token.
  Result<std::string> key_set(const std::vector<std::string>& labels);
  /// Errors: invalid_input, which says what is wrong with the token but not what stands in it.
  Result<JwtSvid> validate(const std::vector<std::string>& labels, std::string_view token,
                           const std::string& audience);

 private:
  struct Key {
    std::string label;
    Bytes spki;
    nlohmann::json jwk;
  };
  Result<Key> key(const std::string& label);

  trust::Token* token_;
  Settings settings_;
};

} // namespace allod::spiffe
