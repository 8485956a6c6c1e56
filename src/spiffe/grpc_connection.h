// One connection of the gRPC server: HTTP/2 by nghttp2, messages framed as gRPC does.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <nghttp2/nghttp2.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "spiffe/grpc_server.h"

namespace allod::spiffe {

class GrpcConnection {
 public:
  /// Errors: io.
  static Result<std::unique_ptr<GrpcConnection>> open(UniqueFd socket, trust::PeerCredentials peer,
                                                      const GrpcHandler& handler,
                                                      const GrpcLimits& limits);
  ~GrpcConnection();
  GrpcConnection(const GrpcConnection&) = delete;
  GrpcConnection& operator=(const GrpcConnection&) = delete;

  /// Takes what has come. False: the connection is over.
  bool read();
  /// Sends what fits. False: the connection is over.
  bool write();
  /// Answers the open streams anew.
  void refresh();

  [[nodiscard]] int socket() const { return socket_.get(); }
  [[nodiscard]] bool wants_to_write() const;
  [[nodiscard]] uid_t user() const { return peer_.user; }

 private:
  struct Stream {
    GrpcCall call;
    std::string body;    ///< as it comes: one framed message
    std::string pending; ///< frames to be sent
    std::size_t sent = 0;
    std::string last; ///< digest of the message that was sent last
    bool complete = false;
    bool answering = false; ///< response headers are on their way
    bool streaming = false; ///< more may follow
    GrpcCode code = GrpcCode::ok;
    std::string reason;
  };

  GrpcConnection(UniqueFd socket, trust::PeerCredentials peer, const GrpcHandler& handler,
                 const GrpcLimits& limits);
  Status greet();
  Stream* find(std::int32_t id);
  void take_call(std::int32_t id, Stream& stream);
  void answer(std::int32_t id, Stream& stream);
  void fail(std::int32_t id, Stream& stream, GrpcCode code, const std::string& reason);
  void queue_message(std::int32_t id, Stream& stream, std::string message);
  ssize_t fill(std::int32_t id, Stream& stream, std::uint8_t* buffer, std::size_t size,
               std::uint32_t* flags);

  // nghttp2's callbacks; `self` is the connection.
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t flags, void* self);
  static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t id,
                     const std::uint8_t* bytes, std::size_t size, void* self);
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t error, void* self);
  static ssize_t on_read(nghttp2_session*, std::int32_t id, std::uint8_t* buffer, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source* source, void* self);

  struct SessionDelete {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  UniqueFd socket_;
  trust::PeerCredentials peer_;
  const GrpcHandler& handler_;
  const GrpcLimits& limits_;
  std::unique_ptr<nghttp2_session, SessionDelete> session_;
  std::map<std::int32_t, Stream> streams_;
  std::string outgoing_; ///< bytes that did not fit into the socket
};

} // namespace allod::spiffe
