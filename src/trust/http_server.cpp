#include "trust/http_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace allod::trust {
namespace {

using std::chrono::steady_clock;

int milliseconds_until(Deadline deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

std::string describe_address(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
  } else if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
  }
  return text[0] == '\0' ? "a local socket" : text.data();
}

/// A write to a connection that the peer closed must not end the process. The mask holds for
/// threads that are started while it is set.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, &before_);
  }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;
  ~WithoutPipeSignal() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

} // namespace

/// What came in and was not used yet, in memory that never moves and is wiped.
class HttpServer::Received {
 public:
  explicit Received(std::size_t capacity) : buffer_(capacity, '\0') {}
  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;
  ~Received() { wipe(buffer_); }

  [[nodiscard]] std::string_view bytes() const { return {buffer_.data(), size_}; }
  [[nodiscard]] char* free_space() { return buffer_.data() + size_; }
  [[nodiscard]] std::size_t free_size() const { return buffer_.size() - size_; }
  void grow(std::size_t count) { size_ += count; }
  /// Drops the first bytes and wipes what they leave behind.
  void drop(std::size_t count) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(count),
              buffer_.begin() + static_cast<std::ptrdiff_t>(size_), buffer_.begin());
    OPENSSL_cleanse(buffer_.data() + (size_ - count), count);
    size_ -= count;
  }

 private:
  std::string buffer_;
  std::size_t size_ = 0;
};

Status wait_on(int socket, short events, int stop, Deadline deadline) {
  std::array<pollfd, 2> watched = {pollfd{socket, events, 0}, pollfd{stop, POLLIN, 0}};
  while (true) {
    const int count = ::poll(watched.data(), stop >= 0 ? 2 : 1, milliseconds_until(deadline));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("poll a connection");
    if (count == 0) return Error(ErrorCode::timeout, "the peer was too slow");
    if (watched[1].revents != 0) return Error(ErrorCode::cancelled, "the server stops");
    return {};
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(UniqueFd listener, Greet greet,
                                                      HttpHandler handler,
                                                      MtlsServerSettings settings) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(listener.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 ||
      listening == 0) {
    return Error(ErrorCode::invalid_input, "the socket does not listen");
  }
  // accept(2) must not block when the peer went away between poll and accept.
  const int flags = ::fcntl(listener.get(), F_GETFL);
  if (flags < 0 || ::fcntl(listener.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return errno_error("make the listening socket non-blocking");
  }
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return errno_error("make an event descriptor");
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener), std::move(stop),
                                                    std::move(greet), std::move(handler),
                                                    std::move(settings))); // private constructor
}

HttpServer::HttpServer(UniqueFd listener, UniqueFd stop, Greet greet, HttpHandler handler,
                       MtlsServerSettings settings)
    : listener_(std::move(listener)), stop_(std::move(stop)), greet_(std::move(greet)),
      handler_(std::move(handler)), settings_(std::move(settings)) {
  const WithoutPipeSignal mask;
  threads_.emplace_back([this] { accept_all(); });
  for (std::size_t i = 0; i < settings_.threads; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

void HttpServer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  const std::uint64_t one = 1;
  (void)!::write(stop_.get(), &one, sizeof one); // stays readable: nobody reads it
  some_work_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  listener_.reset();
}

void HttpServer::accept_all() {
  while (true) {
    const Status waited = wait_on(listener_.get(), POLLIN, stop_.get(), Deadline::max());
    if (waited) {
      accept_one();
    } else if (waited.error().code() != ErrorCode::timeout) {
      return;
    }
  }
}

void HttpServer::accept_one() {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  UniqueFd socket(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) {
    // Out of descriptors or memory: the connection stays in the kernel's queue; do not spin on it.
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      (void)wait_on(stop_.get(), POLLIN, -1, steady_clock::now() + std::chrono::milliseconds(50));
    }
    return;
  }
  const int yes = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= settings_.waiting) return; // closed at once
  waiting_.push_back({std::move(socket), describe_address(address)});
  some_work_.notify_one();
}

void HttpServer::work() {
  while (true) {
    std::unique_lock lock(mutex_);
    some_work_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Accepted accepted = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    serve(std::move(accepted));
  }
}

void HttpServer::serve(Accepted accepted) {
  Result<Greeted> greeted = greet_(std::move(accepted.socket), stop_.get(),
                                   steady_clock::now() + settings_.handshake_time);
  if (!greeted) {
    std::string reason = greeted.error().message();
    for (const auto& [name, value] : greeted.error().details())
      reason += " (" + value + ")";
    report("connection from " + accepted.address + " refused: " + reason);
    return;
  }
  serve_requests(*greeted->connection, greeted->peer, accepted.address);
  greeted->connection->close();
}

void HttpServer::serve_requests(Connection& connection, const SpiffeId& peer,
                                const std::string& address) {
  Received received(settings_.header_limit + settings_.body_limit);
  while (true) {
    if (received.bytes().empty() &&
        !connection.wait_for_data(steady_clock::now() + settings_.idle_time)) {
      return;
    }
    if (!serve_one(connection, received, peer, address)) return;
  }
}

/// Reads until `wanted` bytes are there (0: a whole head). False when they will not come.
bool HttpServer::receive(Connection& connection, Received& received, std::size_t wanted,
                         Deadline deadline) {
  while (wanted == 0 ? head_size(received.bytes()) == 0 : received.bytes().size() < wanted) {
    const std::size_t limit = wanted == 0 ? settings_.header_limit : wanted;
    if (received.bytes().size() >= limit || received.free_size() == 0) return false;
    const Result<std::size_t> count =
        connection.read(received.free_space(),
                        std::min(received.free_size(), limit - received.bytes().size()), deadline);
    if (!count || *count == 0) return false;
    received.grow(*count);
  }
  return true;
}

bool HttpServer::refuse(Connection& connection, const Refusal& refusal, const std::string& address,
                        Deadline deadline) {
  report("request from " + address + " refused: " + refusal.reason);
  const HttpAnswer answer{refusal.status, Secret("{\"errors\":[\"" + refusal.reason + "\"]}"),
                          "application/json"};
  (void)connection.write(answer_head(answer, true) + std::string(answer.body.reveal()), deadline);
  return false;
}

/// One request and its answer. False when the connection is to end.
bool HttpServer::serve_one(Connection& connection, Received& received, const SpiffeId& peer,
                           const std::string& address) {
  const Deadline deadline = steady_clock::now() + settings_.request_time;
  if (!receive(connection, received, 0, deadline)) {
    if (received.bytes().empty()) return false; // the peer is done
    if (received.bytes().size() < settings_.header_limit) return false;
    return refuse(connection, {431, "the head is too large"}, address, deadline);
  }
  Refusal refusal;
  const std::size_t head_end = head_size(received.bytes());
  const std::optional<RequestHead> head =
      parse_head(received.bytes().substr(0, head_end), settings_.body_limit, refusal);
  if (!head) return refuse(connection, refusal, address, deadline);
  received.drop(head_end);
  if (head->expect_continue && received.bytes().size() < head->content_length) {
    if (!connection.write("HTTP/1.1 100 Continue\r\n\r\n", deadline)) return false;
  }
  if (head->content_length > 0 && !receive(connection, received, head->content_length, deadline)) {
    return false;
  }
  const HttpAnswer answer =
      handler_({head->method, head->path, received.bytes().substr(0, head->content_length), peer});
  received.drop(head->content_length);
  // The handler's time is its own; the answer gets as long as a request.
  const Deadline sending = steady_clock::now() + settings_.request_time;
  return connection.write(answer_head(answer, head->close), sending).ok() &&
         connection.write(answer.body.reveal(), sending).ok() && !head->close;
}

} // namespace allod::trust
