// The part of HTTP/1.1 (RFC 9112) that an API of small JSON calls needs, and no more: one request
// head, a body of a stated length, one answer. Everything else is refused by name.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "trust/mtls_server.h"

namespace allod::trust {

struct RequestHead {
  std::string method;
  std::string path; ///< the target without its query; begins with "/"
  std::size_t content_length = 0;
  bool close = false;           ///< the connection ends after the answer
  bool expect_continue = false; ///< RFC 9110 section 10.1.1
};

/// Why a request is not served: the status to answer before the connection is closed.
struct Refusal {
  int status = 400;
  std::string reason;
};

/// The bytes of a head with its empty line, or 0 when it is not there yet.
[[nodiscard]] std::size_t head_size(std::string_view received);

/// Parses a head that ends with an empty line. On failure the refusal is filled: 400 malformed, 411
/// a PUT, POST or PATCH without Content-Length, 413 over `body_limit`, 417 an unknown expectation,
/// 501 Transfer-Encoding, 505 another version than 1.0 or 1.1. Line breaks are CR LF, folded and
/// blank-padded names are refused, and two lengths that differ too: nothing that two parsers may
/// read differently gets through.
std::optional<RequestHead> parse_head(std::string_view head, std::size_t body_limit,
                                      Refusal& refusal);

/// Status line and headers of an answer.
[[nodiscard]] std::string answer_head(const HttpAnswer& answer, bool close);
[[nodiscard]] const char* reason_phrase(int status);

} // namespace allod::trust
