// The keys of one stack: its token, the certificate authority over it, and what is sealed by it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/places.h"
#include "agent/secret_text.h"
#include "agent/state.h"
#include "base/result.h"
#include "base/secret.h"
#include "document/value.h"
#include "trust/certificate_authority.h"
#include "trust/pkcs11_token.h"
#include "trust/sealed_secrets.h"

namespace allod::agent {

/// Calls are safe from several threads.
class Keys {
 public:
  /// Opens the token that the settings name (docs/graph.md, "Settings"), or makes one of SoftHSM in
  /// the stack's folder. The state must outlive the object. Errors: those of the token and of the
  /// authority, with what was being done.
  static Result<std::unique_ptr<Keys>> open(const Places& places, State& state,
                                            const document::Value& settings,
                                            const trust::Clock& clock);

  [[nodiscard]] trust::Token& token() { return token_; }
  [[nodiscard]] trust::CertificateAuthority& authority() { return *authority_; }

  /// Makes and seals a secret unless it is there; title and whom it is shown as are brought up to
  /// date. `length` in characters.
  Status ensure_secret(const std::string& name, std::size_t length, const std::string& title,
                       const std::string& shown_as);
  /// Errors: not_found. "NAME#previous" is the text of before, while a renewal is under way.
  Result<Secret> secret(const std::string& id);
  /// A new text in place of the one that is there, which is kept as the previous one. Errors:
  /// not_found.
  Status renew_secret(const std::string& name, std::size_t length);
  /// The renewal has ended: the previous text goes.
  Status forget_previous(const std::string& name);
  /// Whether the token answers and holds the stack's keys. Errors: not_found, those of the token.
  Status check();
  [[nodiscard]] SecretSource source();
  /// Labels of the keys that sign JWT-SVIDs: one for each root, in their order.
  [[nodiscard]] std::vector<std::string> jwt_keys() const;
  /// The master key of a volume, made and sealed when it has none.
  Result<Secret> volume_key(const std::string& volume, std::size_t bytes);

 private:
  Keys(State& state, std::string stack, trust::Token token);
  Result<SealedSecret> sealed_secret(const std::string& name);
  State& state_;
  std::string stack_;
  trust::Token token_;
  std::unique_ptr<trust::SealedSecrets> sealed_;
  std::unique_ptr<trust::CertificateAuthority> authority_;
};

} // namespace allod::agent
