// The certificate authority of one stack: a root, and below it one issuing CA per component, so
// that trust in a component is trust in one certificate
// (docs/adr/0008-issuing-ca-per-component.md). All CA keys live in the token; the certificates are
// public and live as PEM files in one folder.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "trust/authority_certificate.h"
#include "trust/pkcs11_token.h"
#include "trust/root_set.h"
#include "trust/spiffe_id.h"
#include "trust/svid.h"

namespace allod::trust {

using Clock = std::function<Timestamp()>;

struct AuthoritySettings {
  std::string stack; ///< names the keys: "STACK root", "STACK/COMPONENT issuing"
  TrustDomain domain;
  std::string folder; ///< root.pem and issuing/COMPONENT.pem; made 0755 if missing
  Clock clock = now;
  std::chrono::hours root_lifetime{24 * 3652}; ///< ten years
  std::chrono::hours issuing_lifetime{24 * 365};
};

/// What a workload's certificate shall say.
struct SvidRequest {
  std::string component; ///< [a-z0-9-], 1 to 63: whose issuing CA signs
  /// The SPIFFE path: "/STACK/COMPONENT" or below it; empty: exactly "/STACK/COMPONENT".
  std::string path;
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses; ///< IPv4 or IPv6 texts
  std::string common_name;            ///< empty: the component's name; at most 64 characters
  std::chrono::seconds lifetime{std::chrono::hours(24)};
};

/// A root that is trusted.
struct RootView {
  std::string label; ///< of its key in the token
  AuthorityCertificate certificate;
};

/// Calls are safe from several threads. The token must outlive the authority.
class CertificateAuthority {
 public:
  /// Loads the root, or makes it when neither its key nor its certificate is there. A certificate
  /// that was lost is made again over the key that is in the token, under the same name.
  /// Errors: integrity (root.pem is not by the token's key, not for this trust domain, or has ended
  /// although its key is gone), those of the token, io.
  static Result<CertificateAuthority> open(Token& token, AuthoritySettings settings);
  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
  ~CertificateAuthority();

  [[nodiscard]] const TrustDomain& domain() const;
  /// The root that signs.
  [[nodiscard]] AuthorityCertificate root() const;
  /// Every root that is trusted, the one that signs first.
  [[nodiscard]] std::vector<RootView> roots() const;
  /// The trust bundle of clients: the roots in PEM.
  [[nodiscard]] std::string root_bundle() const;

  // Replacing the root (trust/root_set.h). Between two steps everybody must have taken up what the
  // first one changed: bundles after prepare_root(), certificates after switch_root().

  [[nodiscard]] RootPhase root_phase() const;
  /// The next root, trusted from now on.
  Status prepare_root();
  /// The next root signs: issuing CAs are made again below it, over the same keys and names, so
  /// that whoever trusts the certificate of before trusts the leaves of now.
  Status switch_root();
  /// The former root is trusted no more; its key is deleted.
  Status retire_root();

  /// The issuing CA of a component: made if it is missing, renewed over the same key when a third
  /// of its life is left, so that old and new certificate verify the same leaves meanwhile. Errors:
  /// integrity (the file is not by the root, or for another key), invalid_input.
  Result<AuthorityCertificate> ensure_issuing(std::string_view component);
  /// Components that have an issuing CA, by name.
  Result<std::vector<std::string>> components() const;
  /// Removes a component's issuing CA: key and certificate. Whoever trusted it must get a new
  /// bundle.
  Status remove_issuing(std::string_view component);

  /// The bundle by which a server trusts only these components: their issuing certificates, in
  /// order of name.
  Result<std::string> bundle_of(const std::vector<std::string>& components);

  /// A fresh P-256 key and its certificate (X509-SVID specification; RFC 5280): one URI SAN,
  /// critical KeyUsage digitalSignature, EKU serverAuth and clientAuth, CA:FALSE, back-dated by a
  /// minute. It never outlives its issuing certificate. Errors: invalid_input; those of
  /// ensure_issuing.
  Result<Svid> issue(const SvidRequest& request);

  /// The id of a component: spiffe://DOMAIN/STACK/COMPONENT.
  Result<SpiffeId> id_of(std::string_view component) const;

 private:
  struct State;
  explicit CertificateAuthority(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace allod::trust
