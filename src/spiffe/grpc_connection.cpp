#include "spiffe/grpc_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

#include "base/hash.h"
#include "base/secret.h"

namespace allod::spiffe {
namespace {

constexpr std::size_t kFrameHead = 5; ///< compressed flag and length
constexpr std::size_t kMostHeaderBytes = 1U << 14;
constexpr std::size_t kMostHeaders = 64;

nghttp2_nv field(std::string_view name, std::string_view value) {
  // nghttp2 copies both; its type is older than const.
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::string framed(std::string message) {
  std::string frame(1, '\0');
  const auto size = static_cast<std::uint32_t>(message.size());
  for (const int shift : {24, 16, 8, 0})
    frame.push_back(static_cast<char>((size >> shift) & 0xFF));
  frame += message;
  wipe(message);
  return frame;
}

/// grpc-message: printable ASCII, the rest in percent-encoding.
std::string encoded(const std::string& reason) {
  std::string text;
  for (const char c : reason) {
    if (c >= ' ' && c <= '~' && c != '%') {
      text += c;
    } else {
      text += '%';
      const std::string hex = to_hex(std::string_view(&c, 1));
      std::transform(hex.begin(), hex.end(), std::back_inserter(text), [](char digit) {
        return digit >= 'a' ? static_cast<char>(digit - 32) : digit;
      });
    }
  }
  return text;
}

/// The message inside a body that is complete. Errors: what gRPC answers to it.
Result<std::string> unframed(const std::string& body) {
  if (body.size() < kFrameHead)
    return Error(ErrorCode::invalid_input, "the request has no message");
  if (body[0] != 0) return Error(ErrorCode::unsupported, "the message is compressed");
  std::uint32_t size = 0;
  for (std::size_t i = 1; i < kFrameHead; ++i)
    size = size << 8 | static_cast<std::uint8_t>(body[i]);
  if (body.size() - kFrameHead != size) {
    return Error(ErrorCode::invalid_input, "the request has not exactly one message");
  }
  return body.substr(kFrameHead);
}

} // namespace

GrpcConnection::GrpcConnection(UniqueFd socket, trust::PeerCredentials peer,
                               const GrpcHandler& handler, const GrpcLimits& limits)
    : socket_(std::move(socket)), peer_(peer), handler_(handler), limits_(limits) {}

GrpcConnection::~GrpcConnection() {
  wipe(outgoing_);
  for (auto& [id, stream] : streams_)
    wipe(stream.pending);
}

Result<std::unique_ptr<GrpcConnection>> GrpcConnection::open(UniqueFd socket,
                                                             trust::PeerCredentials peer,
                                                             const GrpcHandler& handler,
                                                             const GrpcLimits& limits) {
  std::unique_ptr<GrpcConnection> connection(
      new GrpcConnection(std::move(socket), peer, handler, limits));
  if (Status greeted = connection->greet(); !greeted) return std::move(greeted).error();
  return connection;
}

Status GrpcConnection::greet() {
  nghttp2_session_callbacks* callbacks = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) {
    return Error(ErrorCode::internal, "no memory for an HTTP/2 session");
  }
  const std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)> owner(
      callbacks, &nghttp2_session_callbacks_del);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_stream_close);
  nghttp2_session* session = nullptr;
  if (nghttp2_session_server_new(&session, callbacks, this) != 0) {
    return Error(ErrorCode::internal, "no memory for an HTTP/2 session");
  }
  session_.reset(session);
  const std::array<nghttp2_settings_entry, 2> settings{
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.streams},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMostHeaderBytes}}};
  if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) != 0) {
    return Error(ErrorCode::internal, "no memory for an HTTP/2 session");
  }
  return {};
}

bool GrpcConnection::wants_to_write() const {
  return !outgoing_.empty() || nghttp2_session_want_write(session_.get()) != 0;
}

bool GrpcConnection::read() {
  std::array<char, 1U << 14> buffer{};
  const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  const ssize_t taken =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(buffer.data()),
                               static_cast<std::size_t>(count));
  return taken >= 0 && (nghttp2_session_want_read(session_.get()) != 0 || wants_to_write());
}

bool GrpcConnection::write() {
  while (true) {
    if (outgoing_.empty()) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
      if (size < 0) return false;
      if (size == 0) return nghttp2_session_want_read(session_.get()) != 0;
      outgoing_.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    const ssize_t count =
        ::send(socket_.get(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (static_cast<std::size_t>(count) == outgoing_.size()) {
      wipe(outgoing_);
      outgoing_.clear();
    } else {
      outgoing_.erase(0, static_cast<std::size_t>(count));
    }
  }
}

void GrpcConnection::refresh() {
  for (auto& [id, stream] : streams_) {
    if (stream.streaming) answer(id, stream);
  }
}

GrpcConnection::Stream* GrpcConnection::find(std::int32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

void GrpcConnection::take_call(std::int32_t id, Stream& stream) {
  stream.complete = true;
  if (!stream.call.metadata["content-type"].starts_with("application/grpc")) {
    const std::array<nghttp2_nv, 1> refusal{field(":status", "415")};
    nghttp2_submit_response(session_.get(), id, refusal.data(), refusal.size(), nullptr);
    return;
  }
  if (stream.body.size() > limits_.request_size) {
    return fail(id, stream, GrpcCode::resource_exhausted, "the request is too large");
  }
  Result<std::string> request = unframed(stream.body);
  if (!request) {
    const bool compressed = request.error().code() == ErrorCode::unsupported;
    return fail(id, stream, compressed ? GrpcCode::unimplemented : GrpcCode::invalid_argument,
                request.error().message());
  }
  stream.call.request = std::move(*request);
  answer(id, stream);
}

void GrpcConnection::answer(std::int32_t id, Stream& stream) {
  GrpcAnswer given = handler_(stream.call);
  stream.streaming = given.stream;
  if (given.code != GrpcCode::ok) return fail(id, stream, given.code, given.reason);
  queue_message(id, stream, std::move(given.message));
}

void GrpcConnection::fail(std::int32_t id, Stream& stream, GrpcCode code,
                          const std::string& reason) {
  stream.streaming = false;
  stream.code = code;
  stream.reason = reason;
  if (stream.answering) { // the trailers tell
    nghttp2_session_resume_data(session_.get(), id);
    return;
  }
  stream.answering = true;
  const std::string number = std::to_string(static_cast<int>(code));
  const std::string text = encoded(reason);
  const std::array<nghttp2_nv, 4> headers{
      field(":status", "200"), field("content-type", "application/grpc"),
      field("grpc-status", number), field("grpc-message", text)};
  nghttp2_submit_response(session_.get(), id, headers.data(), headers.size(), nullptr);
}

void GrpcConnection::queue_message(std::int32_t id, Stream& stream, std::string message) {
  const std::string digest = sha256_hex(message);
  if (digest == stream.last) {
    wipe(message);
    return;
  }
  // Whoever does not read is not remembered for.
  if (stream.pending.size() - stream.sent > limits_.request_size) {
    wipe(message);
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  stream.last = digest;
  if (stream.sent == stream.pending.size()) {
    wipe(stream.pending);
    stream.pending.clear();
    stream.sent = 0;
  }
  std::string frame = framed(std::move(message));
  stream.pending += frame;
  wipe(frame);
  if (stream.answering) {
    nghttp2_session_resume_data(session_.get(), id);
    return;
  }
  stream.answering = true;
  const std::array<nghttp2_nv, 2> headers{field(":status", "200"),
                                          field("content-type", "application/grpc")};
  nghttp2_data_provider provider{};
  provider.read_callback = &on_read;
  nghttp2_submit_response(session_.get(), id, headers.data(), headers.size(), &provider);
}

ssize_t GrpcConnection::fill(std::int32_t id, Stream& stream, std::uint8_t* buffer,
                             std::size_t size, std::uint32_t* flags) {
  const std::size_t count = std::min(size, stream.pending.size() - stream.sent);
  std::memcpy(buffer, stream.pending.data() + stream.sent, count);
  stream.sent += count;
  if (stream.sent < stream.pending.size()) return static_cast<ssize_t>(count);
  wipe(stream.pending);
  stream.pending.clear();
  stream.sent = 0;
  if (stream.streaming) {
    return count == 0 ? ssize_t{NGHTTP2_ERR_DEFERRED} : static_cast<ssize_t>(count);
  }
  *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
  const std::string number = std::to_string(static_cast<int>(stream.code));
  const std::string text = encoded(stream.reason);
  const std::array<nghttp2_nv, 2> trailers{field("grpc-status", number),
                                           field("grpc-message", text)};
  nghttp2_submit_trailer(session_.get(), id, trailers.data(), text.empty() ? 1 : 2);
  return static_cast<ssize_t>(count);
}

int GrpcConnection::on_begin_headers(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                                     void* self) {
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  auto& connection = *static_cast<GrpcConnection*>(self);
  connection.streams_[frame->hd.stream_id].call.peer = connection.peer_;
  return 0;
}

int GrpcConnection::on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                              const std::uint8_t* name, std::size_t name_size,
                              const std::uint8_t* value, std::size_t value_size,
                              std::uint8_t /*flags*/, void* self) {
  Stream* stream = static_cast<GrpcConnection*>(self)->find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  const std::string key(reinterpret_cast<const char*>(name), name_size);
  const std::string text(reinterpret_cast<const char*>(value), value_size);
  if (key == ":path") {
    stream->call.path = text;
  } else if (!key.starts_with(':')) {
    if (stream->call.metadata.size() >= kMostHeaders || text.size() > kMostHeaderBytes) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    stream->call.metadata[key] = text;
  }
  return 0;
}

int GrpcConnection::on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t id,
                            const std::uint8_t* bytes, std::size_t size, void* self) {
  auto& connection = *static_cast<GrpcConnection*>(self);
  Stream* stream = connection.find(id);
  if (stream == nullptr || stream->complete) return 0;
  // One byte over the limit is enough to be refused.
  const std::size_t most = connection.limits_.request_size + 1;
  const std::size_t room = most - std::min(most, stream->body.size());
  stream->body.append(reinterpret_cast<const char*>(bytes), std::min(room, size));
  return 0;
}

int GrpcConnection::on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* self) {
  const bool request = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (!request || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  auto& connection = *static_cast<GrpcConnection*>(self);
  Stream* stream = connection.find(frame->hd.stream_id);
  if (stream != nullptr && !stream->complete) {
    connection.take_call(frame->hd.stream_id, *stream);
  }
  return 0;
}

int GrpcConnection::on_stream_close(nghttp2_session* /*session*/, std::int32_t id,
                                    std::uint32_t /*error*/, void* self) {
  auto& connection = *static_cast<GrpcConnection*>(self);
  if (Stream* stream = connection.find(id)) wipe(stream->pending);
  connection.streams_.erase(id);
  return 0;
}

ssize_t GrpcConnection::on_read(nghttp2_session* /*session*/, std::int32_t id, std::uint8_t* buffer,
                                std::size_t size, std::uint32_t* flags,
                                nghttp2_data_source* /*source*/, void* self) {
  auto& connection = *static_cast<GrpcConnection*>(self);
  Stream* stream = connection.find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  return connection.fill(id, *stream, buffer, size, flags);
}

} // namespace allod::spiffe
