// Signed statements in the Dead Simple Signing Envelope (DSSE 1.0), with ECDSA over P-256 and
// SHA-256: what cosign, in-toto and openssl can check too.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/result.h"
#include "base/secret.h"
#include "trust/pkcs11_token.h"

namespace allod::trust {

/// The public half of a signing key.
struct VerifyingKey {
  Bytes spki;         ///< SubjectPublicKeyInfo in DER (RFC 5480)
  std::string key_id; ///< SHA-256 of it in hex
};

/// A key that signs, wherever it is.
struct SigningKey {
  VerifyingKey verifying;
  /// ECDSA-Sig-Value in DER (RFC 3279) over the SHA-256 of a message.
  std::function<Result<Bytes>(std::string_view message)> sign;
};

/// Of a PEM text (PKCS#8 or SEC 1, without a passphrase). Errors: invalid_input when it holds no
/// P-256 key.
Result<SigningKey> signing_key_from_pem(const Secret& pem);
/// The token's key of this label, made unless it is there. The token must outlive the key.
Result<SigningKey> signing_key_of_token(Token& token, const std::string& label);

/// Of a PEM text ("PUBLIC KEY"). Errors: invalid_input.
Result<VerifyingKey> read_verifying_key(std::string_view pem);
Result<std::string> to_pem(const VerifyingKey& key);

struct Envelope {
  std::string payload_type;
  std::string payload;
  std::string key_id;
  Bytes signature;
};

/// What is signed: "DSSEv1", type and payload, each after its length.
[[nodiscard]] std::string pre_authentication_encoding(std::string_view payload_type,
                                                      std::string_view payload);

/// Signs a payload: the envelope as JSON, one line.
Result<std::string> seal_envelope(std::string_view payload_type, std::string_view payload,
                                  const SigningKey& key);

/// Reads an envelope of one signature and verifies it against the trusted keys. The text must be
/// just what seal_envelope would write, so that no bit of it can be changed unnoticed.
/// Errors: integrity (no trusted key signed it: says by which key it claims to be signed; or it was
/// altered), invalid_input (it is no envelope).
Result<Envelope> open_envelope(std::string_view text, std::string_view payload_type,
                               const std::vector<VerifyingKey>& trusted);

} // namespace allod::trust
