// A small HTTPS server for callers with an identity: mutual TLS over a listening socket that the
// caller opened (in whatever network namespace), bounded in header, body, time and connections.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/unique_fd.h"
#include "trust/spiffe_id.h"
#include "trust/tls_material.h"

namespace allod::trust {

struct HttpRequest {
  std::string method;
  std::string path;      ///< as sent, without the query
  std::string_view body; ///< wiped after the handler returns
  SpiffeId peer;         ///< verified in the handshake
};

struct HttpAnswer {
  int status = 200;
  Secret body;
  std::string content_type = "application/json";
};

/// Called from several threads at a time.
using HttpHandler = std::function<HttpAnswer(const HttpRequest&)>;

struct MtlsServerSettings {
  std::size_t header_limit = 8U << 10; ///< request line and headers, bytes
  std::size_t body_limit = 64U << 10;
  std::chrono::milliseconds handshake_time{std::chrono::seconds(5)};
  std::chrono::milliseconds request_time{std::chrono::seconds(10)}; ///< first byte to last
  std::chrono::milliseconds idle_time{std::chrono::seconds(90)};    ///< between requests
  std::size_t threads = 8;  ///< connections served at a time
  std::size_t waiting = 64; ///< connections that may wait for a thread; more are closed at once
  /// Told of refused handshakes and broken requests (for the log); may be empty.
  std::function<void(const std::string&)> on_refused;
};

class MtlsServer {
 public:
  /// Serves HTTP/1.1 on `listener`, a listening stream socket, in threads of its own until `stop`.
  /// Errors: invalid_input (the material; a socket that does not listen).
  static Result<MtlsServer> start(UniqueFd listener, const TlsMaterial& material,
                                  HttpHandler handler, MtlsServerSettings settings = {});
  MtlsServer(MtlsServer&&) noexcept;
  MtlsServer& operator=(MtlsServer&&) noexcept;
  ~MtlsServer(); ///< stops

  /// Takes a renewed certificate or another trust for handshakes from now on; connections that are
  /// open go on under what they began with. Errors: invalid_input (then the old stays).
  Status replace(const TlsMaterial& material);
  /// Closes the listener, lets requests that are being handled finish, closes idle connections.
  void stop();

 private:
  class Server;
  explicit MtlsServer(std::unique_ptr<Server> server);
  std::unique_ptr<Server> server_;
};

} // namespace allod::trust
