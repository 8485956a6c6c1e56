#include "agent/outlet_keeper.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <list>
#include <thread>

#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "graph/resource.h"
#include "host/namespaces.h"

namespace allod::agent {
namespace {

constexpr std::size_t kMostConnections = 32;
constexpr int kConnectSeconds = 10;
constexpr int kIdleMilliseconds = 300000;

struct Addresses {
  addrinfo* first = nullptr;
  Addresses() = default;
  Addresses(const Addresses&) = delete;
  Addresses& operator=(const Addresses&) = delete;
  ~Addresses() {
    if (first != nullptr) ::freeaddrinfo(first);
  }
};

/// A connection from the machine's own network. A peer that does not take bytes for ten seconds
/// ends it.
UniqueFd connect_outside(const Destination& to) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_ADDRCONFIG;
  Addresses found;
  if (::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &wanted, &found.first) != 0)
    return {};
  for (const addrinfo* at = found.first; at != nullptr; at = at->ai_next) {
    UniqueFd socket(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval limit{.tv_sec = kConnectSeconds, .tv_usec = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (socket && ::connect(socket.get(), at->ai_addr, at->ai_addrlen) == 0) return socket;
  }
  return {};
}

bool write_all(int to, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::send(to, bytes, size, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

/// One direction that is ready; false when the connection is over. The end of one direction is
/// passed on, the other goes on.
bool pass(int from, int to, bool& open) {
  std::array<char, 16384> buffer;
  const ssize_t count = ::recv(from, buffer.data(), buffer.size(), 0);
  if (count < 0) return errno == EINTR;
  if (count > 0) return write_all(to, buffer.data(), static_cast<std::size_t>(count));
  open = false;
  ::shutdown(to, SHUT_WR);
  return true;
}

void relay(int inside, int outside, int stop) {
  bool in_open = true;
  bool out_open = true;
  while (in_open || out_open) {
    std::array<pollfd, 3> polled = {
        {{.fd = in_open ? inside : -1, .events = POLLIN, .revents = 0},
         {.fd = out_open ? outside : -1, .events = POLLIN, .revents = 0},
         {.fd = stop, .events = POLLIN, .revents = 0}}};
    const int ready = ::poll(polled.data(), polled.size(), kIdleMilliseconds);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || polled[2].revents != 0) return;
    if (polled[0].revents != 0 && !pass(inside, outside, in_open)) return;
    if (polled[1].revents != 0 && !pass(outside, inside, out_open)) return;
  }
}

} // namespace

/// One listening socket with its connections, each on a thread of its own: they are few.
class OutletKeeper::Outlet {
 public:
  Outlet(UniqueFd listener, Destination to, EventLog& events)
      : listener_(std::move(listener)), to_(std::move(to)), events_(events),
        stop_(::eventfd(0, EFD_CLOEXEC)), thread_([this] { accept_all(); }) {}

  ~Outlet() {
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
    for (Connection& connection : connections_)
      connection.thread.join();
  }
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  [[nodiscard]] const Destination& to() const { return to_; }

 private:
  struct Connection {
    std::atomic<bool> done = false;
    std::thread thread;
  };

  void accept_all() {
    for (;;) {
      std::array<pollfd, 2> polled = {{{.fd = listener_.get(), .events = POLLIN, .revents = 0},
                                       {.fd = stop_.get(), .events = POLLIN, .revents = 0}}};
      if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
      if (polled[1].revents != 0) return;
      if (polled[0].revents == 0) continue;
      UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      collect();
      if (client && connections_.size() < kMostConnections) serve(std::move(client));
    }
  }

  void serve(UniqueFd client) {
    Connection& connection = connections_.emplace_back();
    connection.thread =
        std::thread([this, &connection, inside = std::make_shared<UniqueFd>(std::move(client))] {
          const UniqueFd outside = connect_outside(to_);
          if (outside) {
            relay(inside->get(), outside.get(), stop_.get());
          } else {
            events_.tell("", "a way out leads nowhere", "",
                         to_.host + ":" + std::to_string(to_.port) + " cannot be reached");
          }
          inside->reset();
          connection.done = true;
        });
  }

  void collect() {
    connections_.remove_if([](Connection& connection) {
      if (!connection.done) return false;
      connection.thread.join();
      return true;
    });
  }

  UniqueFd listener_;
  Destination to_;
  EventLog& events_;
  UniqueFd stop_;
  std::list<Connection> connections_; ///< of the accepting thread, until that has ended
  std::thread thread_;
};

OutletKeeper::OutletKeeper(NetworkKeeper& network, EventLog& events)
    : network_(network), events_(events) {}

OutletKeeper::~OutletKeeper() = default;

Status OutletKeeper::ensure() {
  const std::lock_guard lock(mutex_);
  const std::map<std::uint16_t, Destination> wanted = network_.ways_out();
  const std::uint64_t there = namespace_number(network_.router_namespace());
  if (there != namespace_) outlets_.clear();
  std::erase_if(outlets_, [&](const auto& entry) {
    const auto found = wanted.find(entry.first);
    return found == wanted.end() || !(found->second == entry.second->to());
  });
  namespace_ = there;
  for (const auto& [port, to] : wanted) {
    if (outlets_.contains(port)) continue;
    Result<UniqueFd> listener = host::listen_in_namespace(network_.router_namespace(),
                                                          std::string(graph::kRouterAddress), port);
    if (!listener) return std::move(listener).error().during("opening the way out to " + to.host);
    outlets_[port] = std::make_unique<Outlet>(std::move(*listener), to, events_);
  }
  return {};
}

void OutletKeeper::stop() {
  const std::lock_guard lock(mutex_);
  outlets_.clear();
}

} // namespace allod::agent
