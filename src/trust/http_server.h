// The engine of the servers: takes connections from a listening socket, has each one greeted (which
// yields who the peer is), and serves HTTP/1.1 on it within bounds.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "trust/http_wire.h"
#include "trust/mtls_server.h"
#include "trust/spiffe_id.h"

namespace allod::trust {

using Deadline = std::chrono::steady_clock::time_point;

/// poll(2) on a socket with a deadline. `stop` below 0 is not heeded. Errors: timeout, cancelled,
/// io.
Status wait_on(int socket, short events, int stop, Deadline deadline);

/// A connection that was greeted.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;
  /// Waits until there is something to read. Errors: timeout, cancelled (the server stops), io.
  virtual Status wait_for_data(Deadline deadline) = 0;
  /// At least one byte; 0 when the peer closed. Errors: timeout, io.
  virtual Result<std::size_t> read(char* buffer, std::size_t size, Deadline deadline) = 0;
  /// All of it. Errors: timeout, io.
  virtual Status write(std::string_view bytes, Deadline deadline) = 0;
  /// Says good-bye.
  virtual void close() = 0;
};

struct Greeted {
  std::unique_ptr<Connection> connection;
  SpiffeId peer;
};

class HttpServer {
 public:
  /// Finds out who the peer is; `stop` is a descriptor that turns readable when the server ends.
  using Greet = std::function<Result<Greeted>(UniqueFd socket, int stop, Deadline deadline)>;

  /// Errors: invalid_input (the socket does not listen), io.
  static Result<std::unique_ptr<HttpServer>>
  start(UniqueFd listener, Greet greet, HttpHandler handler, MtlsServerSettings settings);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() { stop(); }
  void stop();

 private:
  struct Accepted {
    UniqueFd socket;
    std::string address;
  };
  class Received;

  HttpServer(UniqueFd listener, UniqueFd stop, Greet greet, HttpHandler handler,
             MtlsServerSettings settings);
  void accept_all();
  void accept_one();
  void work();
  void serve(Accepted accepted);
  void serve_requests(Connection& connection, const SpiffeId& peer, const std::string& address);
  bool serve_one(Connection& connection, Received& received, const SpiffeId& peer,
                 const std::string& address);
  bool receive(Connection& connection, Received& received, std::size_t wanted, Deadline deadline);
  bool refuse(Connection& connection, const Refusal& refusal, const std::string& address,
              Deadline deadline);
  void report(const std::string& text) const {
    if (settings_.on_refused) settings_.on_refused(text);
  }

  UniqueFd listener_;
  UniqueFd stop_;
  std::mutex mutex_; ///< guards waiting_ and stopping_
  std::condition_variable some_work_;
  std::deque<Accepted> waiting_;
  bool stopping_ = false;
  Greet greet_;
  HttpHandler handler_;
  MtlsServerSettings settings_;
  std::vector<std::thread> threads_;
};

} // namespace allod::trust
