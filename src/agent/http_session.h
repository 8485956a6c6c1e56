// HTTPS requests of the agent to a component: mutual TLS with the agent's certificate, over sockets
// that are opened inside the platform's network (libcurl).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "trust/spiffe_id.h"
#include "trust/tls_material.h"

namespace allod::agent {

/// Where requests go.
struct HttpEndpoint {
  std::string url;                     ///< "https://keycloak:9000" or "http://…", without a path
  std::string address;                 ///< IPv4 address that the name in the URL stands for
  std::string network_namespace;       ///< a path: where sockets are opened; empty: here
  std::optional<trust::SpiffeId> peer; ///< whom the server must prove to be, beside its name
};

/// The key that requests are signed with: AWS Signature Version 4, which S3 servers ask for.
struct RequestSignature {
  std::string access_key;
  Secret secret_key;
  std::string region;
  std::string service; ///< "s3"
};

struct HttpRequest {
  std::string method = "GET";
  std::string path; ///< with the query
  std::vector<std::pair<std::string, Secret>> headers;
  Secret body;
  std::optional<RequestSignature> signature;
  int body_from = -1;   ///< a descriptor whose bytes are the body, until its end; -1: `body`
  int answer_into = -1; ///< a descriptor that takes the body of an answer of 200; -1: it is kept
  std::chrono::milliseconds timeout{10000};
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers; ///< names in lower case
  std::string body;                           ///< at most kBodyLimit bytes
};

inline constexpr std::size_t kBodyLimit = 4U << 20;

class HttpSession {
 public:
  /// For use inside with_http() only. `material` may be null for plain HTTP.
  HttpSession(HttpEndpoint endpoint, const trust::TlsMaterial* material);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  /// One request over a connection that is kept. Any status is a value. Errors: unavailable (no
  /// connection, or it broke: may be tried again), timeout, integrity (the server's certificate),
  /// invalid_input (an answer that is too large, a URL that is none).
  Result<HttpResponse> perform(const HttpRequest& request);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

/// Runs work that makes requests, on a thread inside the endpoint's network namespace.
Status with_http(const HttpEndpoint& endpoint, const trust::TlsMaterial* material,
                 const std::function<Status(HttpSession&)>& work);

/// Once, before any thread (curl_global_init(3)).
void initialise_http();

} // namespace allod::agent
