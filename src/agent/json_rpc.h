// The agent's API on the wire: JSON-RPC 2.0, one message a line, over a Unix socket.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "document/value.h"

namespace allod::agent {

inline constexpr std::size_t kMessageLimit = 64U << 20; ///< bytes of a line

/// Our failures; the error itself is in `data`. The other codes are of JSON-RPC.
inline constexpr int kFailed = -32000;
inline constexpr int kBadRequest = -32600;
inline constexpr int kNoMethod = -32601;

/// Each ends with a line break.
[[nodiscard]] std::string rpc_request(std::int64_t id, const std::string& method,
                                      const document::Value& params);
[[nodiscard]] std::string rpc_notification(const std::string& method,
                                           const document::Value& params);
[[nodiscard]] std::string rpc_result(const document::Value& id, const document::Value& result);
[[nodiscard]] std::string rpc_error(const document::Value& id, int code, const Error& error);

/// An error as it was before it went over the wire (report.cpp, to_value).
[[nodiscard]] Error error_from_value(const document::Value& value);

} // namespace allod::agent
