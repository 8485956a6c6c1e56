// CA certificates as files, each checked against its key in the token when it is read.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "trust/openssl_handles.h"
#include "trust/pkcs11_token.h"

namespace allod::trust {

struct AuthorityCertificate {
  std::string pem;
  Timestamp not_before;
  Timestamp not_after;
  std::string fingerprint; ///< SHA-256 of the DER in lower-case hex
  bool renewed = false;    ///< made by this call: bundles that name it are to be written again
};

/// A CA certificate that was checked against its key.
struct HeldCertificate {
  Certificate certificate;
  AuthorityCertificate view;
};

/// Errors: internal (a certificate that cannot be read).
Result<HeldCertificate> hold_certificate(Certificate certificate, bool renewed);

/// The error of a file that holds another certificate than it should.
Error not_the_certificate(const std::string& file, const std::string& why);

/// Whether a certificate's signature is by a key of the token.
Result<bool> signed_by(Token& token, const X509* certificate, std::string_view label);
/// Whether a certificate is for the key `label` in the token and bears a name. Errors: integrity,
/// naming the file.
Status check_subject(Token& token, const X509* certificate, const std::string& file,
                     std::string_view label, std::string_view name);

} // namespace allod::trust
