// Lays a workload's identity and trust as files, in every form that servers ask for, and replaces
// them so that no reader sees a certificate of one generation beside a key of another.
#pragma once

#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "base/secret.h"
#include "trust/svid.h"

namespace allod::trust {

/// What is laid. The folder then holds:
///   certificate.pem      leaf and issuing certificate
///   leaf.pem             the leaf alone: the PostgreSQL JDBC driver looks at the last certificate
///   of
///                        the file when it decides whether the server would take it
///   key.pem  key.der     the private key in PKCS#8
///   keystore.p12         key and chain (RFC 7292), AES-256 and SHA-256, friendly name = `alias`
///   bundle.pem           the root: what a client trusts in servers
///   clients.pem          the issuing certificates of bound consumers: what a server trusts in
///                        clients. For TLS stacks that take any certificate as an anchor (Go, Java,
///                        GnuTLS, rustls)
///   clients-openssl.pem  the same for OpenSSL, which wants a self-signed anchor unless the
///                        certificate is marked as trusted (X509_AUX): the issuing certificates as
///                        TRUSTED CERTIFICATE for client authentication, then plain for the list of
///                        names that the server sends
struct IdentityContent {
  const Svid& svid;
  std::string bundle_pem;  ///< root(s)
  std::string clients_pem; ///< issuing certificates of bound consumers; may be empty
  std::string alias = "identity";
  Secret keystore_password; ///< of keystore.p12; may be empty
};

struct IdentityOwner {
  uid_t user = static_cast<uid_t>(-1); ///< owns key.pem, key.der, keystore.p12 (0600)
  gid_t group = static_cast<gid_t>(-1);
};

/// Writes a new generation: a folder "..TIME.RANDOM" with all files, synced, then the link "..data"
/// is renamed onto it; the names in `folder` are links through "..data" and never change. The
/// generation before is kept for readers that are under way; older ones are removed. The folders
/// belong to this process (0755), so that the unit cannot turn a link elsewhere.
/// Errors: io, permission, invalid_input (a PEM that is none).
Status write_identity(const std::string& folder, const IdentityContent& content,
                      const IdentityOwner& owner = {});

/// Writes only the trust of the current generation anew (a consumer was bound or released, a CA
/// renewed), key and certificate staying as they are. Errors: not_found (no generation yet).
Status write_trust(const std::string& folder, const std::string& bundle_pem,
                   const std::string& clients_pem);

} // namespace allod::trust
