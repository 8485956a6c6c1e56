// Secrets at rest: sealed by an AES key that stays in the token, bound to their stack and name.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "trust/pkcs11_token.h"

namespace allod::trust {

/// Passwords of components and wrapped volume keys alike. The token must outlive the object.
class SealedSecrets {
 public:
  /// The key "STACK sealing" in the token; made if it is missing. Errors: those of the token.
  static Result<SealedSecrets> open(Token& token, std::string stack);

  /// A JSON envelope {"v":1,"key":LABEL,"nonce":BASE64,"ciphertext":BASE64 of ciphertext || tag}.
  /// Associated data of AES-256-GCM: "allod sealed secret 1", stack and name, each after its
  /// length. The name is not in the envelope: whoever opens it says which secret is expected.
  Result<std::string> seal(std::string_view name, const Secret& secret);
  /// Errors: integrity (tampered with, of another name, stack or key), invalid_input (no envelope),
  /// unsupported (a later version).
  Result<Secret> unseal(std::string_view name, std::string_view envelope);

 private:
  SealedSecrets(Token& token, std::string stack) : token_(&token), stack_(std::move(stack)) {}
  [[nodiscard]] std::string key_label() const { return stack_ + " sealing"; }
  [[nodiscard]] std::string associated_data(std::string_view name) const;
  Token* token_;
  std::string stack_;
};

} // namespace allod::trust
