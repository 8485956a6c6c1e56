// The container formats of keys and certificates that servers ask for.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "trust/svid.h"

namespace allod::trust {

/// PKCS#12 (RFC 7292) of key, leaf and issuing certificate: PBES2 with AES-256-CBC, MAC with
/// SHA-256; read by OpenSSL 1.1 and newer and by Java 8u301 and newer. With an empty password the
/// content is as open as a PEM file, and the file's mode is what guards it.
Result<Secret> make_pkcs12(const Svid& svid, const std::string& alias, const Secret& password);

/// The key of a PEM text as PKCS#8 DER.
Result<Secret> to_pkcs8_der(const Secret& private_key_pem);

/// Anchors for an OpenSSL server that is not told to accept partial chains: every certificate as
/// TRUSTED CERTIFICATE for client authentication, and then again plain, because the list of names
/// that a server sends is read from plain ones. In the store, the first of two equal ones counts.
Result<std::string> to_openssl_anchors(const std::string& certificates_pem);

/// Errors: invalid_input when the text holds no certificate or one that cannot be read.
Status check_certificates(const std::string& pem, const std::string& what);

/// The second certificate of a chain, or "".
[[nodiscard]] std::string issuing_of_chain(const std::string& chain_pem);

} // namespace allod::trust
