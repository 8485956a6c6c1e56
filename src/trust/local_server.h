// The same small HTTP server over a Unix socket: the peer is known by the credentials that the
// kernel attests (SO_PEERCRED, unix(7)), so there is no certificate that can end while a client
// holds on to it. This is how OpenBao reaches its seal (docs/adr/0005-agent-as-transit-seal.md).
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "trust/mtls_server.h"
#include "trust/spiffe_id.h"

namespace allod::trust {

struct PeerCredentials {
  uid_t user = 0;
  gid_t group = 0;
  pid_t process = 0;
};

/// Of who connected (SO_PEERCRED). Errors: io.
Result<PeerCredentials> peer_credentials(int socket);

class LocalServer {
 public:
  /// Who a peer is; nothing refuses it. Every unit has a user id of its own, so that is what to
  /// tell by; process ids are used again.
  using Identify = std::function<std::optional<SpiffeId>(const PeerCredentials&)>;

  /// `listener`: a listening Unix stream socket. Errors: invalid_input.
  static Result<LocalServer> start(UniqueFd listener, Identify identify, HttpHandler handler,
                                   MtlsServerSettings settings = {});
  LocalServer(LocalServer&&) noexcept;
  LocalServer& operator=(LocalServer&&) noexcept;
  ~LocalServer(); ///< stops
  void stop();

 private:
  class Server;
  explicit LocalServer(std::unique_ptr<Server> server);
  std::unique_ptr<Server> server_;
};

/// Makes a listening Unix socket at `path`, in place of a stale one, for the user alone unless
/// `mode` lets in others. Errors: invalid_input (a path over 107 bytes), io.
Result<UniqueFd> listen_locally(const std::string& path, uid_t user, gid_t group,
                                mode_t mode = 0600);

} // namespace allod::trust
