// One accepted TLS connection with a deadline on every wait.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "trust/http_server.h"

namespace allod::trust {

class TlsConnection final : public Connection {
 public:
  /// Waits for the handshake. `stop` is a descriptor that turns readable when the server ends.
  /// Errors: timeout, cancelled, permission (with OpenSSL's reason).
  static Result<std::unique_ptr<TlsConnection>> accept(UniqueFd socket, SSL_CTX* context, int stop,
                                                       Deadline deadline);
  Status wait_for_data(Deadline deadline) override;
  Result<std::size_t> read(char* buffer, std::size_t size, Deadline deadline) override;
  Status write(std::string_view bytes, Deadline deadline) override;
  /// close_notify, without waiting for the peer's.
  void close() override;

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

} // namespace allod::trust
