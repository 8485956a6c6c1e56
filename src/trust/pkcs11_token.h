// A PKCS#11 token (OASIS PKCS#11 2.40): the keys of a platform live in it and never leave it. Any
// module will do; SoftHSM is for trying out, and the token says so when asked.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/result.h"
#include "base/secret.h"

namespace allod::trust {

struct TokenSettings {
  std::string module;     ///< path of the PKCS#11 module, a shared library
  std::string label;      ///< the token's label, at most 32 bytes of UTF-8
  std::string pin_source; ///< a file that holds the user PIN: "/path" or "file:/path" (RFC 7512)
  /// The folder of a SoftHSM token that allod made (softhsm.h); empty for any other token.
  std::string softhsm_folder;
};

/// What a token says of itself, for people.
struct TokenDescription {
  std::string module;       ///< path
  std::string manufacturer; ///< of the module's library
  std::string library;      ///< the module's description
  std::string token_label;
  std::string token_model;
  std::string token_serial;
  bool software = true; ///< no hardware stands behind it, or it does not claim any
  /// One line: `token "home" (SoftHSM v2, SoftHSM): software, for trying out only`.
  [[nodiscard]] std::string line() const;
};

enum class KeyKind { ec_p256, aes_256, other };

struct KeyInfo {
  std::string label;
  KeyKind kind = KeyKind::other;
  bool sensitive = false;  ///< CKA_SENSITIVE
  bool extractable = true; ///< CKA_EXTRACTABLE
};

/// Calls are safe from several threads; they are made one at a time. A session that the token has
/// dropped (a card pulled and put back, an HSM restarted) is opened and logged in again once per
/// call. Private and secret keys are made with CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE and without
/// CKA_EXTRACTABLE; they are found by CKA_LABEL.
///
/// Errors of every operation: unavailable (token removed, no session), permission (PIN wrong or
/// locked), io (the token's own failure, with the name of its CKR code).
class Token {
 public:
  /// Loads the module, finds the token by its label and logs in.
  /// Errors: not_found (no module, no such label: the labels at hand are named), permission (PIN
  /// file readable by others, PIN wrong, PIN locked), conflict (another SoftHSM folder is open in
  /// this process), unsupported (the module lacks a mechanism that is needed).
  static Result<Token> open(const TokenSettings& settings);
  Token(Token&&) noexcept;
  Token& operator=(Token&&) noexcept;
  ~Token();

  [[nodiscard]] bool is_software() const;
  [[nodiscard]] const TokenDescription& description() const;

  /// Every private and secret key, by label.
  Result<std::vector<KeyInfo>> list_keys();
  Result<bool> has_key(std::string_view label);

  /// Errors: already_exists.
  Status generate_ec_key(std::string_view label);
  /// Errors: already_exists.
  Status generate_aes_key(std::string_view label);
  /// Makes the key unless it is there.
  Status ensure_ec_key(std::string_view label);
  Status ensure_aes_key(std::string_view label);
  /// Removes the key with its public half. Errors: not_found.
  Status delete_key(std::string_view label);

  /// The public key of a P-256 pair as SubjectPublicKeyInfo in DER (RFC 5480). Errors: not_found.
  Result<Bytes> public_key(std::string_view label);
  /// ECDSA (FIPS 186-4) over a digest of 32 bytes; the answer is ECDSA-Sig-Value in DER (RFC 3279).
  /// Errors: not_found, invalid_input.
  Result<Bytes> sign(std::string_view label, const Bytes& digest);

  /// AES-256-GCM (SP 800-38D) with a random nonce of 96 bits: nonce (12) || ciphertext || tag (16).
  /// Errors: not_found.
  Result<Bytes> encrypt(std::string_view label, std::string_view plaintext,
                        std::string_view associated_data);
  /// Errors: not_found; integrity when key, associated data or any byte is another.
  Result<Secret> decrypt(std::string_view label, const Bytes& sealed,
                         std::string_view associated_data);

 private:
  struct State;
  explicit Token(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace allod::trust
