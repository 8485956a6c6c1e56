#include "spiffe/grpc_server.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "spiffe/grpc_connection.h"

namespace allod::spiffe {

class GrpcServer::Server {
 public:
  Server(UniqueFd listener, UniqueFd wake, GrpcHandler handler, const GrpcLimits& limits)
      : listener_(std::move(listener)), wake_(std::move(wake)), handler_(std::move(handler)),
        limits_(limits), thread_([this] { run(); }) {}
  ~Server() {
    stopping_ = true;
    wake();
    thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void changed() {
    changed_ = true;
    wake();
  }

 private:
  void wake() {
    const std::uint64_t one = 1;
    // Fails only when it is awake already.
    if (::write(wake_.get(), &one, sizeof one) < 0) return;
  }

  void accept() {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    const Result<trust::PeerCredentials> peer = trust::peer_credentials(socket.get());
    if (!peer) return;
    const auto of_user =
        std::count_if(connections_.begin(), connections_.end(),
                      [&](const auto& connection) { return connection->user() == peer->user; });
    if (static_cast<std::size_t>(of_user) >= limits_.connections_of_user ||
        connections_.size() >= limits_.connections) {
      return;
    }
    auto connection = GrpcConnection::open(std::move(socket), *peer, handler_, limits_);
    if (connection) connections_.push_back(std::move(*connection));
  }

  void serve(const std::vector<pollfd>& polled) {
    // Those that came meanwhile stand behind the ones that were polled.
    for (std::size_t i = 0; i < polled.size(); ++i) {
      GrpcConnection& connection = *connections_[i];
      const short events = polled[i].revents;
      bool alive = (events & (POLLERR | POLLNVAL)) == 0;
      if (alive && (events & (POLLIN | POLLHUP)) != 0) alive = connection.read();
      if (alive && connection.wants_to_write()) alive = connection.write();
      if (!alive) connections_[i].reset();
    }
    std::erase(connections_, nullptr);
  }

  void run() {
    while (!stopping_) {
      std::vector<pollfd> waits{{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
      for (const auto& connection : connections_) {
        const int writing = connection->wants_to_write() ? POLLOUT : 0;
        waits.push_back({connection->socket(), static_cast<short>(POLLIN | writing), 0});
      }
      if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
      std::uint64_t count = 0;
      if (waits[1].revents != 0 && ::read(wake_.get(), &count, sizeof count) < 0) count = 0;
      if (changed_.exchange(false)) {
        for (const auto& connection : connections_)
          connection->refresh();
      }
      const std::vector<pollfd> polled(waits.begin() + 2, waits.end());
      if (waits[0].revents != 0) accept();
      serve(polled);
    }
  }

  UniqueFd listener_;
  UniqueFd wake_;
  GrpcHandler handler_;
  GrpcLimits limits_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> changed_{false};
  std::vector<std::unique_ptr<GrpcConnection>> connections_; // on the thread alone
  std::thread thread_;
};

GrpcServer::GrpcServer(std::unique_ptr<Server> server) : server_(std::move(server)) {}
GrpcServer::~GrpcServer() = default;

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(UniqueFd listener, GrpcHandler handler,
                                                      const GrpcLimits& limits) {
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return errno_error("make an eventfd");
  auto server =
      std::make_unique<Server>(std::move(listener), std::move(wake), std::move(handler), limits);
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(server)));
}

void GrpcServer::changed() {
  server_->changed();
}

} // namespace allod::spiffe
