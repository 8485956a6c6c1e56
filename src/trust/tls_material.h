// Key, certificates and trust for one side of a mutual TLS connection, in memory, and OpenSSL
// contexts made of them. The agent uses it as a client (libcurl, through CURLOPT_SSL_CTX_FUNCTION)
// and the sealing endpoint as a server.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <openssl/ssl.h>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "trust/spiffe_id.h"
#include "trust/svid.h"

namespace allod::trust {

struct TlsMaterial {
  std::string chain_pem; ///< leaf first
  Secret private_key_pem;
  /// Anchors for the peer. Issuing certificates count as anchors of their own (partial chains).
  std::string trust_pem;

  [[nodiscard]] TlsMaterial copy() const { return {chain_pem, private_key_pem.copy(), trust_pem}; }
};

[[nodiscard]] TlsMaterial material_of(const Svid& svid, std::string trust_pem);

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDeleter>;

/// TLS 1.3 with a floor of 1.2 (AEAD with forward secrecy only), no resumption, no compression, no
/// renegotiation; the peer must show a certificate that chains to the trust.
/// Errors: invalid_input (PEM that is none, a key that is not the certificate's).
Result<SslContext> make_server_context(const TlsMaterial& material);
/// The peer's name is the caller's to check (SSL_set1_host), or give the SPIFFE ID to expect.
Result<SslContext> make_client_context(const TlsMaterial& material,
                                       std::optional<SpiffeId> expected_peer = std::nullopt);
/// The same onto a context that somebody else made, such as libcurl's.
Status apply_client_material(SSL_CTX* context, const TlsMaterial& material,
                             std::optional<SpiffeId> expected_peer = std::nullopt);

/// The SPIFFE ID of a certificate: exactly one URI SAN (X509-SVID specification, section 2), and no
/// CA certificate. Errors: invalid_input.
Result<SpiffeId> spiffe_id_of(const X509* certificate);
/// Of the verified peer of a connection. Errors: permission (no or unverified certificate),
/// invalid_input.
Result<SpiffeId> peer_id(const SSL* connection);

} // namespace allod::trust
