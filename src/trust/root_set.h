// The roots of one stack: one that signs, and while it is being replaced a second one. Every root
// bears the same name and has a key of its own (RFC 4210 section 4.4: the name stays when a CA's
// key is updated), so that whoever knows the stack by the root's name goes on doing so.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "trust/authority_certificate.h"
#include "trust/pkcs11_token.h"
#include "trust/spiffe_id.h"

namespace allod::trust {

/// How far the replacement of the root has come.
enum class RootPhase {
  settled,    ///< one root
  spreading,  ///< the next root is trusted, and signs nothing yet
  succeeding, ///< the next root signs, the one before is still trusted
};
[[nodiscard]] const char* to_string(RootPhase phase);

struct Root {
  std::string label; ///< of its key in the token: "STACK root", then "STACK root 2"…
  HeldCertificate held;
};

/// In a folder: root.pem (signs), next.pem (spreading), former.pem (succeeding); and bundle.pem,
/// all that are trusted, for whoever looks from outside.
class RootSet {
 public:
  struct Settings {
    std::string stack;
    TrustDomain domain;
    std::string folder;
    std::function<Timestamp()> clock;
    std::chrono::hours lifetime;
    std::chrono::hours renew_before; ///< the end: made again over the same key
  };
  /// Loads what is there, or makes the first root when neither key nor certificate is. A
  /// certificate that was lost is made again over the key that is in the token, under the same
  /// name. Errors: integrity (a file that is not by the token's key or for another trust domain,
  /// a key that is gone), those of the token, io.
  static Result<RootSet> open(Token& token, Settings settings);

  [[nodiscard]] RootPhase phase() const;
  [[nodiscard]] const Root& signing() const { return *signing_; }
  [[nodiscard]] Root take_signing() && { return std::move(*signing_); }
  [[nodiscard]] const std::optional<Root>& former() const { return former_; }
  /// The one that signs first.
  [[nodiscard]] std::vector<const Root*> trusted() const;

  // One step forward each; a step that was interrupted is taken up where it was.

  /// settled → spreading: a new key and its certificate. Errors: conflict in another phase.
  Status prepare();
  /// spreading → succeeding.
  Status switch_over();
  /// succeeding → settled: the certificate goes, then the key.
  Status retire();

 private:
  RootSet(Token& token, Settings settings) : token_(&token), settings_(std::move(settings)) {}
  [[nodiscard]] std::string file(const char* name) const { return settings_.folder + "/" + name; }
  [[nodiscard]] std::string name() const { return settings_.stack + " root"; }
  [[nodiscard]] Result<std::vector<std::string>> labels() const;
  Result<Root> make(const std::string& label, const std::string& path);
  Result<Root> load(const std::string& path) const;
  Status write_bundle() const;
  Status open_signing();
  Status open_others();

  Token* token_;
  Settings settings_;
  std::optional<Root> signing_;
  std::optional<Root> next_;
  std::optional<Root> former_;
};

} // namespace allod::trust
