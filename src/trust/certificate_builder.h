// Makes X.509 v3 certificates (RFC 5280) whose signature comes from a token: the part to be signed
// is built by OpenSSL, its digest signed elsewhere, the certificate put together and verified.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "trust/openssl_handles.h"
#include "trust/pkcs11_token.h"

namespace allod::trust {

struct CertificatePlan {
  std::string common_name;
  const X509* issuer = nullptr;    ///< null: self-signed
  EVP_PKEY* subject_key = nullptr; ///< public half is enough
  Timestamp not_before;            ///< whole seconds are kept
  Timestamp not_after;
  bool authority = false; ///< CA: keyCertSign and cRLSign; else digitalSignature
  int path_length = -1;   ///< of an authority; -1: no limit
  std::string uri;        ///< the one URI SAN
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses;
};

/// Signs with the P-256 key `label` of the token: ecdsa-with-SHA256 (RFC 5758). The result has been
/// verified against that key. Errors: invalid_input (a name or address that cannot be encoded),
/// those of the token.
Result<Certificate> sign_certificate(const CertificatePlan& plan, Token& token,
                                     std::string_view label);

} // namespace allod::trust
