// One accepted TLS connection with a deadline on every wait.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod::trust {

using Deadline = std::chrono::steady_clock::time_point;

class TlsConnection {
 public:
  /// Waits for the handshake. `stop` is a descriptor that turns readable when the server ends.
  /// Errors: timeout, cancelled, permission (with OpenSSL's reason).
  static Result<TlsConnection> accept(UniqueFd socket, SSL_CTX* context, int stop,
                                      Deadline deadline);
  TlsConnection(TlsConnection&&) noexcept = default;
  TlsConnection& operator=(TlsConnection&&) = delete;
  ~TlsConnection();

  /// Waits until there is something to read. Errors: timeout, cancelled (stop), io.
  Status wait_for_data(Deadline deadline);
  /// At least one byte; 0 when the peer closed. Errors: timeout, io. Does not heed `stop`.
  Result<std::size_t> read(char* buffer, std::size_t size, Deadline deadline);
  /// All of it. Errors: timeout, io.
  Status write(std::string_view bytes, Deadline deadline);
  /// Says good-bye (close_notify) without waiting for the peer's.
  void close();

  [[nodiscard]] const SSL* ssl() const { return ssl_.get(); }

 private:
  struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  TlsConnection(UniqueFd socket, SSL* ssl, int stop)
      : socket_(std::move(socket)), ssl_(ssl), stop_(stop) {}
  Status handshake(Deadline deadline);
  /// After an SSL call that returned `value`: waits for what it wants. Errors: as above.
  Status wait_for(int value, Deadline deadline, bool heed_stop, const char* doing);

  UniqueFd socket_;
  std::unique_ptr<SSL, SslFree> ssl_; ///< before the socket in destruction
  int stop_;
  bool broken_ = false; ///< after a fatal error close_notify is not sent
};

/// poll(2) on a socket with a deadline. `stop` below 0 is not heeded. Errors: timeout, cancelled,
/// io.
Status wait_on(int socket, short events, int stop, Deadline deadline);

} // namespace allod::trust
