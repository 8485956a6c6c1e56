// A small gRPC server over a Unix socket (gRPC over HTTP/2, doc/PROTOCOL-HTTP2.md of gRPC; HTTP/2:
// RFC 9113 by nghttp2): unary calls and server streams. The peer is known by the credentials that
// the kernel attests at the connection (SO_PEERCRED, unix(7)).
// Why not libgrpc: docs/adr/0012-workload-api-over-nghttp2.md.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "trust/local_server.h"

namespace allod::spiffe {

/// Codes of google.rpc.Code that are answered here.
enum class GrpcCode {
  ok = 0,
  invalid_argument = 3,
  permission_denied = 7,
  resource_exhausted = 8,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
};

struct GrpcCall {
  std::string path; ///< "/Service/Method"
  trust::PeerCredentials peer;
  std::map<std::string, std::string> metadata; ///< header fields, names in lower case
  std::string request;                         ///< the one message
};

struct GrpcAnswer {
  GrpcCode code = GrpcCode::ok;
  std::string reason;  ///< when it is not ok
  std::string message; ///< when it is; wiped once it was sent
  /// The call stays open: the handler is asked again at each change, and what differs is sent.
  bool stream = false;

  [[nodiscard]] static GrpcAnswer failed(GrpcCode code, std::string reason) {
    return {code, std::move(reason), {}, false};
  }
};

/// Called on the server's thread, one after the other.
using GrpcHandler = std::function<GrpcAnswer(const GrpcCall&)>;

struct GrpcLimits {
  std::size_t connections = 256;
  std::size_t connections_of_user = 32; ///< so that one unit cannot lock out the others
  std::uint32_t streams = 64;           ///< of a connection
  std::size_t request_size = 1U << 16;  ///< bytes
};

/// Stops when it goes. Calls are safe from any thread.
class GrpcServer {
 public:
  /// `listener`: a listening Unix stream socket. Errors: io.
  static Result<std::unique_ptr<GrpcServer>> start(UniqueFd listener, GrpcHandler handler,
                                                   const GrpcLimits& limits = {});
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  /// What open streams tell may have changed: their calls are answered anew.
  void changed();

 private:
  class Server;
  explicit GrpcServer(std::unique_ptr<Server> server);
  std::unique_ptr<Server> server_;
};

} // namespace allod::spiffe
