#include "trust/mtls_server.h"

#include <mutex>

#include "trust/http_server.h"
#include "trust/tls_connection.h"

namespace allod::trust {

/// The context that handshakes take; a replaced one lives on in the connections that began with it.
class MtlsServer::Server {
 public:
  explicit Server(SslContext context) : context_(std::move(context)) {}

  Status serve(UniqueFd listener, HttpHandler handler, MtlsServerSettings settings) {
    Result<std::unique_ptr<HttpServer>> started = HttpServer::start(
        std::move(listener),
        [this](UniqueFd socket, int stop, Deadline deadline) {
          return greet(std::move(socket), stop, deadline);
        },
        std::move(handler), std::move(settings));
    if (!started) return std::move(started).error();
    http_ = std::move(*started);
    return {};
  }

  void replace(SslContext context) {
    const std::lock_guard lock(mutex_);
    context_ = std::move(context);
  }

  void stop() { http_->stop(); }

 private:
  Result<Greeted> greet(UniqueFd socket, int stop, Deadline deadline) {
    const std::shared_ptr<SSL_CTX> own_context = context();
    Result<std::unique_ptr<TlsConnection>> connection =
        TlsConnection::accept(std::move(socket), own_context.get(), stop, deadline);
    if (!connection) return std::move(connection).error();
    Result<SpiffeId> peer = peer_id((*connection)->ssl());
    if (!peer) return std::move(peer).error();
    return Greeted{std::move(*connection), std::move(*peer)};
  }

  [[nodiscard]] std::shared_ptr<SSL_CTX> context() {
    const std::lock_guard lock(mutex_);
    return context_;
  }

  std::mutex mutex_; ///< guards context_
  std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<HttpServer> http_; ///< last: its threads end before the rest goes
};

MtlsServer::MtlsServer(std::unique_ptr<Server> server) : server_(std::move(server)) {}
MtlsServer::MtlsServer(MtlsServer&&) noexcept = default;
MtlsServer& MtlsServer::operator=(MtlsServer&&) noexcept = default;
MtlsServer::~MtlsServer() = default;

Result<MtlsServer> MtlsServer::start(UniqueFd listener, const TlsMaterial& material,
                                     HttpHandler handler, MtlsServerSettings settings) {
  Result<SslContext> context = make_server_context(material);
  if (!context) return std::move(context).error();
  auto server = std::make_unique<Server>(std::move(*context));
  Status started = server->serve(std::move(listener), std::move(handler), std::move(settings));
  if (!started) return std::move(started).error();
  return MtlsServer(std::move(server));
}

Status MtlsServer::replace(const TlsMaterial& material) {
  Result<SslContext> context = make_server_context(material);
  if (!context) return std::move(context).error();
  server_->replace(std::move(*context));
  return {};
}

void MtlsServer::stop() {
  server_->stop();
}

} // namespace allod::trust
