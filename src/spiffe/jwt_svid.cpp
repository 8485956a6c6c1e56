#include "spiffe/jwt_svid.h"

#include <algorithm>
#include <array>
#include <optional>

#include <openssl/core_names.h>

#include "base/encoding.h"
#include "base/hash.h"
#include "trust/openssl_handles.h"

namespace allod::spiffe {
namespace {

using nlohmann::json;
using trust::EcdsaSignature;

constexpr std::size_t kCoordinate = 32; ///< bytes of a P-256 integer
constexpr std::size_t kLongestToken = 1U << 14;
constexpr std::int64_t kClockSkew = 60; ///< seconds

Error refused(const char* why) {
  return Error(ErrorCode::invalid_input, std::string("the JWT-SVID ") + why);
}

std::optional<std::string> decode(std::string_view text) {
  std::string padded(text);
  if (padded.find_first_of("+/=") != std::string::npos) return std::nullopt;
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  padded.append((4 - padded.size() % 4) % 4, '=');
  const Result<Bytes> bytes = from_base64(padded);
  if (!bytes) return std::nullopt;
  return std::string(as_text(*bytes));
}

std::string encode(std::string_view text) {
  return to_base64url(to_bytes(text));
}

json parse(std::string_view text) {
  return json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
}

/// R || S (RFC 7518 section 3.4) of an ECDSA-Sig-Value in DER.
Result<std::string> raw_signature(const Bytes& der) {
  const unsigned char* at = der.data();
  const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string raw(2 * kCoordinate, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(raw.data());
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes, kCoordinate) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes + kCoordinate, kCoordinate) < 0) {
    return trust::openssl_error("read the token's signature");
  }
  return raw;
}

Result<Bytes> der_signature(const std::string& raw) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  EcdsaSignature signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes, kCoordinate, nullptr);
  BIGNUM* s = BN_bin2bn(bytes + kCoordinate, kCoordinate, nullptr);
  if (!signature || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    return trust::openssl_error("read a signature");
  }
  return trust::to_der(signature.get(), i2d_ECDSA_SIG, "read a signature");
}

bool verifies(const Bytes& spki, std::string_view text, const std::string& raw) {
  if (raw.size() != 2 * kCoordinate) return false;
  const Result<Bytes> der = der_signature(raw);
  const Result<trust::PrivateKey> key = trust::public_key_from_der(spki);
  if (!der || !key) return false;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  return context &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key->get()) == 1 &&
         EVP_DigestVerify(context.get(), der->data(), der->size(),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}

/// The point of a P-256 key: 04 || X || Y (SEC 1).
Result<std::string> point_of(const Bytes& spki) {
  Result<trust::PrivateKey> key = trust::public_key_from_der(spki);
  if (!key) return std::move(key).error();
  std::array<unsigned char, 2 * kCoordinate + 1> point{};
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key->get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                      point.size(), &size) != 1 ||
      size != point.size() || point.front() != 4) {
    return trust::openssl_error("read a public key");
  }
  return std::string(reinterpret_cast<const char*>(point.data()), size);
}

bool names(const json& audience, const std::string& wanted) {
  if (audience.is_string()) return audience.get_ref<const std::string&>() == wanted;
  return audience.is_array() &&
         std::any_of(audience.begin(), audience.end(), [&](const json& item) {
           return item.is_string() && item.get_ref<const std::string&>() == wanted;
         });
}

} // namespace

Result<JwtAuthority::Key> JwtAuthority::key(const std::string& label) {
  if (Status made = token_->ensure_ec_key(label); !made) return std::move(made).error();
  Result<Bytes> spki = token_->public_key(label);
  if (!spki) return std::move(spki).error();
  const Result<std::string> point = point_of(*spki);
  if (!point) return point.error();
  const std::string x = encode(std::string_view(*point).substr(1, kCoordinate));
  const std::string y = encode(std::string_view(*point).substr(1 + kCoordinate));
  // RFC 7638: the required members, in order of name, without white space; json sorts by name.
  json jwk = {{"crv", "P-256"}, {"kty", "EC"}, {"x", x}, {"y", y}};
  jwk["kid"] = to_base64url(sha256(jwk.dump()));
  jwk["use"] = "jwt-svid";
  return Key{label, std::move(*spki), std::move(jwk)};
}

Result<std::string> JwtAuthority::sign(const std::vector<std::string>& labels,
                                       const trust::SpiffeId& id,
                                       const std::vector<std::string>& audience) {
  const Result<Key> signing = key(labels.front());
  if (!signing) return signing.error();
  const std::int64_t time =
      std::chrono::duration_cast<std::chrono::seconds>(settings_.clock().time_since_epoch())
          .count();
  const json header = {{"alg", "ES256"}, {"kid", signing->jwk["kid"]}, {"typ", "JWT"}};
  const json claims = {{"sub", id.uri()},
                       {"aud", audience},
                       {"iat", time},
                       {"exp", time + settings_.lifetime.count()}};
  // A replacement for what is not UTF-8 in an audience: it was checked where it came in.
  const auto text = [](const json& value) {
    return encode(value.dump(-1, ' ', false, json::error_handler_t::replace));
  };
  const std::string signed_part = text(header) + "." + text(claims);
  const Result<Bytes> der = token_->sign(labels.front(), sha256(signed_part));
  if (!der) return der.error();
  const Result<std::string> raw = raw_signature(*der);
  if (!raw) return raw.error();
  return signed_part + "." + encode(*raw);
}

Result<std::string> JwtAuthority::key_set(const std::vector<std::string>& labels) {
  json keys = json::array();
  for (const std::string& label : labels) {
    Result<Key> found = key(label);
    if (!found) return std::move(found).error();
    keys.push_back(std::move(found->jwk));
  }
  return json{{"keys", std::move(keys)}}.dump();
}

Result<JwtSvid> JwtAuthority::validate(const std::vector<std::string>& labels,
                                       std::string_view token, const std::string& audience) {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (token.size() > kLongestToken || first == std::string_view::npos || first == last ||
      token.find('.', first + 1) != last) {
    return refused("is no JWS in compact form");
  }
  const auto header_text = decode(token.substr(0, first));
  const auto claims_text = decode(token.substr(first + 1, last - first - 1));
  const auto signature = decode(token.substr(last + 1));
  if (!header_text || !claims_text || !signature) return refused("is not base64url");
  const json header = parse(*header_text);
  if (!header.is_object() || header.value("alg", json()) != "ES256") {
    return refused("is not signed by ES256");
  }
  if (header.contains("typ") && header["typ"] != "JWT" && header["typ"] != "JOSE") {
    return refused("has another type than JWT");
  }
  bool verified = false;
  for (const std::string& label : labels) {
    const Result<Key> known = key(label);
    if (!known) return known.error();
    if (header.value("kid", json()) != known->jwk["kid"]) continue;
    verified = verifies(known->spki, token.substr(0, last), *signature);
  }
  if (!verified) return refused("is not signed by a key of this trust domain");
  json claims = parse(*claims_text);
  if (!claims.is_object()) return refused("has no claims");
  const std::int64_t time =
      std::chrono::duration_cast<std::chrono::seconds>(settings_.clock().time_since_epoch())
          .count();
  if (!claims.contains("exp") || !claims["exp"].is_number() ||
      claims["exp"].get<double>() + kClockSkew < static_cast<double>(time)) {
    return refused("has expired");
  }
  if (!claims.contains("aud") || !names(claims["aud"], audience)) {
    return refused("is not for this audience");
  }
  const json subject = claims.value("sub", json());
  if (!subject.is_string()) return refused("has no subject");
  Result<trust::SpiffeId> id = trust::SpiffeId::parse(subject.get_ref<const std::string&>());
  if (!id || id->domain() != settings_.domain) return refused("is of another trust domain");
  return JwtSvid{std::move(*id), std::move(claims)};
}

} // namespace allod::spiffe
