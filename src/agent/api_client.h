// Talks to the agent of a stack, for the command line.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "agent/places.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "document/value.h"

namespace allod::agent {

class ApiClient {
 public:
  using OnNotification =
      std::function<void(const std::string& method, const document::Value& params)>;

  /// Errors: unavailable when no agent of that stack runs, permission.
  static Result<ApiClient> connect(const Places& places);

  /// Asks, and waits for the answer; notifications that come meanwhile are handed on. Without a
  /// time it waits as long as the agent lives. Errors: the agent's own, with everything it said;
  /// timeout; unavailable when it went away.
  Result<document::Value> call(const std::string& method,
                               const document::Value& params = document::Value::map(),
                               const OnNotification& on_notification = {},
                               std::optional<std::chrono::milliseconds> timeout = {});
  /// Hands on notifications until the agent goes away or the function says no.
  Status listen(const std::function<bool(const std::string& method, const document::Value& params)>&
                    on_notification);
  /// Waits until the agent has closed the connection. Errors: timeout.
  Status wait_closed(std::chrono::milliseconds timeout);

 private:
  explicit ApiClient(UniqueFd socket) : socket_(std::move(socket)) {}
  Status send(const std::string& text);
  /// The next message; nothing when the other side closed.
  Result<std::optional<document::Value>>
  receive(std::optional<std::chrono::steady_clock::time_point> deadline);

  UniqueFd socket_;
  std::string received_;
  std::int64_t last_id_ = 0;
};

} // namespace allod::agent
