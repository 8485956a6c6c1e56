#include "trust/tls_connection.h"

#include <algorithm>
#include <climits>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <poll.h>

#include "trust/openssl_handles.h"

namespace allod::trust {
namespace {

int as_size(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

} // namespace

Result<std::unique_ptr<TlsConnection>> TlsConnection::accept(UniqueFd socket, SSL_CTX* context,
                                                             int stop, Deadline deadline) {
  SSL* ssl = SSL_new(context);
  if (ssl == nullptr) return openssl_error("begin a TLS connection");
  std::unique_ptr<TlsConnection> connection(
      new TlsConnection(std::move(socket), ssl, stop)); // private constructor
  if (SSL_set_fd(ssl, connection->socket_.get()) != 1) return openssl_error("use a socket for TLS");
  if (Status done = connection->handshake(deadline); !done) return std::move(done).error();
  return connection;
}

Status TlsConnection::handshake(Deadline deadline) {
  while (true) {
    ERR_clear_error();
    const int value = SSL_accept(ssl_.get());
    if (value == 1) return {};
    Status waited = wait_for(value, deadline, true, "complete the handshake");
    if (waited) continue;
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (verdict == X509_V_OK) return waited;
    return std::move(waited).error().with_detail("certificate",
                                                 X509_verify_cert_error_string(verdict));
  }
}

Status TlsConnection::wait_for(int value, Deadline deadline, bool heed_stop, const char* doing) {
  const int stop = heed_stop ? stop_ : -1;
  switch (SSL_get_error(ssl_.get(), value)) {
  case SSL_ERROR_WANT_READ:
    return wait_on(socket_.get(), POLLIN, stop, deadline);
  case SSL_ERROR_WANT_WRITE:
    return wait_on(socket_.get(), POLLOUT, stop, deadline);
  case SSL_ERROR_ZERO_RETURN:
    return Error(ErrorCode::io, "the peer closed the connection");
  case SSL_ERROR_SYSCALL:
    broken_ = true;
    return Error(ErrorCode::io, std::string("the connection broke while it should ") + doing);
  default:
    broken_ = true;
    return openssl_error(doing, ErrorCode::permission);
  }
}

Status TlsConnection::wait_for_data(Deadline deadline) {
  if (SSL_pending(ssl_.get()) > 0) return {};
  return wait_on(socket_.get(), POLLIN, stop_, deadline);
}

Result<std::size_t> TlsConnection::read(char* buffer, std::size_t size, Deadline deadline) {
  while (true) {
    ERR_clear_error();
    const int value = SSL_read(ssl_.get(), buffer, as_size(size));
    if (value > 0) return static_cast<std::size_t>(value);
    if (SSL_get_error(ssl_.get(), value) == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
    if (Status waited = wait_for(value, deadline, false, "read"); !waited) {
      return std::move(waited).error();
    }
  }
}

Status TlsConnection::write(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    ERR_clear_error();
    const int value = SSL_write(ssl_.get(), bytes.data(), as_size(bytes.size()));
    if (value > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(value));
      continue;
    }
    if (Status waited = wait_for(value, deadline, false, "write"); !waited) return waited;
  }
  return {};
}

void TlsConnection::close() {
  if (!broken_) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

} // namespace allod::trust
