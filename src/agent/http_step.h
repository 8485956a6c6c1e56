// A step of requests: in order, each with what earlier answers gave, until the component has what
// it needs (docs/catalogue.md, steps with `http`).
#pragma once

#include <chrono>
#include <stop_token>

#include "agent/http_session.h"
#include "agent/secret_text.h"
#include "base/result.h"
#include "document/value.h"

namespace allod::agent {

struct HttpStepPlace {
  HttpEndpoint endpoint;
  trust::TlsMaterial material;
  SecretSource secrets;
  document::Value signature; ///< `sign` of docs/graph.md; null: requests are not signed
  int input = -1;            ///< what a request with `stream: in` sends as its body
  int output = -1;           ///< what an answer with `stream: out` is written to
};

/// `requests` as docs/graph.md has them. While a server is not there yet (no connection, 429, 502,
/// 503, 504) a request is made again with growing pauses, until `timeout` over the whole step.
/// Errors: those of the request that failed, with its status and the beginning of its answer, with
/// secrets taken out; timeout; cancelled.
Status run_http_step(const document::Value& requests, const HttpStepPlace& place,
                     std::chrono::milliseconds timeout, const std::stop_token& stop);

} // namespace allod::agent
