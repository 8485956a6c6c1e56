#include "trust/local_server.h"

#include <cerrno>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "trust/http_server.h"

namespace allod::trust {
namespace {

constexpr int kBacklog = 16;

class LocalConnection final : public Connection {
 public:
  LocalConnection(UniqueFd socket, int stop) : socket_(std::move(socket)), stop_(stop) {}

  Status wait_for_data(Deadline deadline) override {
    return wait_on(socket_.get(), POLLIN, stop_, deadline);
  }

  Result<std::size_t> read(char* buffer, std::size_t size, Deadline deadline) override {
    while (true) {
      const ssize_t count = ::recv(socket_.get(), buffer, size, 0);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (Status waited = wait_after_error(POLLIN, deadline); !waited) {
        return std::move(waited).error();
      }
    }
  }

  Status write(std::string_view bytes, Deadline deadline) override {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      } else if (Status waited = wait_after_error(POLLOUT, deadline); !waited) {
        return waited;
      }
    }
    return {};
  }

  void close() override { ::shutdown(socket_.get(), SHUT_RDWR); }

 private:
  Status wait_after_error(short events, Deadline deadline) {
    if (errno == EINTR) return {};
    if (errno != EAGAIN) return errno_error("use a local connection");
    return wait_on(socket_.get(), events, -1, deadline);
  }

  UniqueFd socket_;
  int stop_;
};

Result<Greeted> greet(UniqueFd socket, int stop, const LocalServer::Identify& identify) {
  const Result<PeerCredentials> peer = peer_credentials(socket.get());
  if (!peer) return peer.error();
  std::optional<SpiffeId> id = identify(*peer);
  if (!id) {
    return Error(ErrorCode::permission, "no component runs as user " + std::to_string(peer->user));
  }
  return Greeted{std::make_unique<LocalConnection>(std::move(socket), stop), std::move(*id)};
}

} // namespace

Result<PeerCredentials> peer_credentials(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return errno_error("read the peer's credentials");
  }
  return PeerCredentials{peer.uid, peer.gid, peer.pid};
}

class LocalServer::Server {
 public:
  explicit Server(std::unique_ptr<HttpServer> http) : http_(std::move(http)) {}
  void stop() { http_->stop(); }

 private:
  std::unique_ptr<HttpServer> http_;
};

LocalServer::LocalServer(std::unique_ptr<Server> server) : server_(std::move(server)) {}
LocalServer::LocalServer(LocalServer&&) noexcept = default;
LocalServer& LocalServer::operator=(LocalServer&&) noexcept = default;
LocalServer::~LocalServer() = default;

Result<LocalServer> LocalServer::start(UniqueFd listener, Identify identify, HttpHandler handler,
                                       MtlsServerSettings settings) {
  Result<std::unique_ptr<HttpServer>> http = HttpServer::start(
      std::move(listener),
      [identify = std::move(identify)](UniqueFd socket, int stop, Deadline /*deadline*/) {
        return greet(std::move(socket), stop, identify);
      },
      std::move(handler), std::move(settings));
  if (!http) return std::move(http).error();
  return LocalServer(std::make_unique<Server>(std::move(*http)));
}

void LocalServer::stop() {
  server_->stop();
}

Result<UniqueFd> listen_locally(const std::string& path, uid_t user, gid_t group, mode_t mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Error(ErrorCode::invalid_input,
                 "the path of a Unix socket has at most 107 bytes: " + path);
  }
  path.copy(address.sun_path, path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno_error("make a Unix socket");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("remove " + path);
  // The mode of the descriptor is that of the file, so nobody can connect before it is narrowed.
  if (::fchmod(socket.get(), mode) != 0) return errno_error("chmod " + path);
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return errno_error("bind " + path);
  }
  // What the umask took from others who are to be let in.
  if (mode != 0600 && ::chmod(path.c_str(), mode) != 0) return errno_error("chmod " + path);
  if (::lchown(path.c_str(), user, group) != 0) return errno_error("chown " + path);
  if (::listen(socket.get(), kBacklog) != 0) return errno_error("listen on " + path);
  return socket;
}

} // namespace allod::trust
