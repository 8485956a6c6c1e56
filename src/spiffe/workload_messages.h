// The messages of the SPIFFE Workload API (SPIFFE_Workload_API.md, sections 5 and 6; workload.proto
// of the standard, Apache-2.0), between their wire form and what the agent has.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/result.h"
#include "base/secret.h"

namespace allod::spiffe {

/// One X.509-SVID with the bundle to check peers by; DER, certificates one after the other.
struct X509Identity {
  std::string id;
  Bytes chain; ///< leaf first
  Secret key;  ///< PKCS#8, not encrypted
  Bytes bundle;
};

/// Bundles by the id of their trust domain.
using Bundles = std::map<std::string, std::string>;

struct JwtSvidRequest {
  std::vector<std::string> audience;
  std::string id; ///< empty: whichever the caller has
};

struct ValidateJwtSvidRequest {
  std::string audience;
  std::string token;
};

[[nodiscard]] std::string encode_x509_svid_response(const X509Identity& identity);
/// Of X509BundlesResponse.
[[nodiscard]] std::string encode_x509_bundles_response(const Bundles& bundles);
/// Of JWTBundlesResponse.
[[nodiscard]] std::string encode_jwt_bundles_response(const Bundles& bundles);
[[nodiscard]] std::string encode_jwt_svid_response(const std::string& id, const std::string& token);
/// `claims` as google.protobuf.Struct.
[[nodiscard]] std::string encode_validate_response(const std::string& id,
                                                   const nlohmann::json& claims);

/// Errors: invalid_input. Unknown fields are passed over.
Result<JwtSvidRequest> decode_jwt_svid_request(std::string_view message);
Result<ValidateJwtSvidRequest> decode_validate_request(std::string_view message);
/// A request without fields of its own. Errors: invalid_input.
Status decode_empty_request(std::string_view message);

} // namespace allod::spiffe
