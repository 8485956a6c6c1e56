#include "trust/tls_material.h"

#include <array>
#include <vector>

#include <openssl/err.h>

#include "trust/openssl_handles.h"

namespace allod::trust {
namespace {

/// TLS 1.2 suites with forward secrecy and authenticated encryption; those of 1.3 all are.
constexpr const char* kSuites12 = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// The id to expect lives and dies with its context.
int expected_peer_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void* /*parent*/, void* value, CRYPTO_EX_DATA* /*data*/, int /*index*/, long /*argl*/,
         void* /*argp*/) { delete static_cast<SpiffeId*>(value); });
  return index;
}

/// X.509 verification as ever, then the SPIFFE ID: a peer without one is refused in the handshake.
int verify_peer(X509_STORE_CTX* verification, void* /*argument*/) {
  if (X509_verify_cert(verification) != 1) return 0;
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const Result<SpiffeId> id = spiffe_id_of(X509_STORE_CTX_get0_cert(verification));
  const auto* expected = static_cast<const SpiffeId*>(
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), expected_peer_index()));
  if (id && (expected == nullptr || *expected == *id)) return 1;
  X509_STORE_CTX_set_error(verification, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

int choose_http(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_size,
                const unsigned char* offered, unsigned offered_size, void* /*argument*/) {
  static constexpr std::array<unsigned char, 9> kHttp = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* match = nullptr;
  if (SSL_select_next_proto(&match, chosen_size, kHttp.data(), kHttp.size(), offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL; // RFC 7301 section 3.2
  }
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

/// A list that does not own what it lists.
struct FreeList {
  void operator()(STACK_OF(X509) * list) const { sk_X509_free(list); }
};

Status use_own_certificate(SSL_CTX* context, const TlsMaterial& material) {
  Result<std::vector<Certificate>> chain = read_certificates(material.chain_pem);
  if (!chain) return std::move(chain).error();
  if (chain->empty()) return Error(ErrorCode::invalid_input, "there is no certificate of our own");
  Result<PrivateKey> key = read_private_key(material.private_key_pem);
  if (!key) return std::move(key).error();
  const std::unique_ptr<STACK_OF(X509), FreeList> above(sk_X509_new_null());
  for (std::size_t i = 1; i < chain->size(); ++i)
    sk_X509_push(above.get(), (*chain)[i].get());
  ERR_clear_error();
  if (SSL_CTX_use_cert_and_key(context, chain->front().get(), key->get(), above.get(), 1) != 1) {
    return openssl_error("use certificate and key", ErrorCode::invalid_input);
  }
  return {};
}

Status use_trust(SSL_CTX* context, const std::string& trust_pem) {
  Result<std::vector<Certificate>> anchors = read_certificates(trust_pem);
  if (!anchors) return std::move(anchors).error().during("reading the trust");
  CertificateStore store(X509_STORE_new());
  if (!store) return openssl_error("make a certificate store");
  for (const Certificate& anchor : *anchors) {
    if (X509_STORE_add_cert(store.get(), anchor.get()) != 1) {
      return openssl_error("trust a certificate", ErrorCode::invalid_input);
    }
  }
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT);
  SSL_CTX_set_cert_store(context, store.release());
  return {};
}

Status expect_peer(SSL_CTX* context, std::optional<SpiffeId> expected) {
  if (!expected) return {};
  auto id = std::make_unique<SpiffeId>(std::move(*expected));
  if (SSL_CTX_set_ex_data(context, expected_peer_index(), id.get()) != 1) {
    return openssl_error("keep the peer's id");
  }
  (void)id.release();
  return {};
}

Status apply(SSL_CTX* context, const TlsMaterial& material) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kSuites12);
  // No resumption: it would carry a peer past a trust that has changed since.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                   SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_cert_verify_callback(context, verify_peer, nullptr);
  if (Status own = use_own_certificate(context, material); !own) return own;
  return use_trust(context, material.trust_pem);
}

} // namespace

TlsMaterial material_of(const Svid& svid, std::string trust_pem) {
  return {svid.chain_pem(), svid.private_key_pem.copy(), std::move(trust_pem)};
}

Result<SslContext> make_server_context(const TlsMaterial& material) {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return openssl_error("make a TLS context");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_http, nullptr);
  if (Status applied = apply(context.get(), material); !applied) return std::move(applied).error();
  return context;
}

Status apply_client_material(SSL_CTX* context, const TlsMaterial& material,
                             std::optional<SpiffeId> expected_peer) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (Status applied = apply(context, material); !applied) return applied;
  return expect_peer(context, std::move(expected_peer));
}

Result<SslContext> make_client_context(const TlsMaterial& material,
                                       std::optional<SpiffeId> expected_peer) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) return openssl_error("make a TLS context");
  Status applied = apply_client_material(context.get(), material, std::move(expected_peer));
  if (!applied) return std::move(applied).error();
  return context;
}

Result<SpiffeId> spiffe_id_of(const X509* certificate) {
  if (X509_check_ca(const_cast<X509*>(certificate)) != 0) {
    return Error(ErrorCode::invalid_input, "a CA certificate is nobody's identity");
  }
  const Result<std::string> uri = only_uri_of(certificate);
  if (!uri) return uri.error();
  Result<SpiffeId> id = SpiffeId::parse(*uri);
  if (id && id->path().empty()) {
    return Error(ErrorCode::invalid_input, "the id of a trust domain is no workload's");
  }
  return id;
}

Result<SpiffeId> peer_id(const SSL* connection) {
  const X509* certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr || SSL_get_verify_result(connection) != X509_V_OK) {
    return Error(ErrorCode::permission, "the peer showed no certificate that verifies");
  }
  return spiffe_id_of(certificate);
}

} // namespace allod::trust
