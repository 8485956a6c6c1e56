// An X.509 SVID: the certificate and key by which a workload proves its SPIFFE ID.
#pragma once

#include <string>

#include "base/secret.h"
#include "base/time.h"
#include "trust/spiffe_id.h"

namespace allod::trust {

struct Svid {
  SpiffeId id;
  std::string leaf_pem;    ///< the workload's own certificate
  std::string issuing_pem; ///< the certificate of its component's issuing CA
  Secret private_key_pem;  ///< PKCS#8 (RFC 5958), not encrypted
  Timestamp not_before;
  Timestamp not_after;
  std::string serial;      ///< lower-case hex
  std::string fingerprint; ///< SHA-256 of the leaf's DER in lower-case hex

  /// Leaf, then issuing: what a TLS peer sends (RFC 8446 section 4.4.2).
  [[nodiscard]] std::string chain_pem() const { return leaf_pem + issuing_pem; }
  /// When a new one is due: two thirds of the way through.
  [[nodiscard]] Timestamp renew_at() const { return not_before + (not_after - not_before) * 2 / 3; }
};

} // namespace allod::trust
