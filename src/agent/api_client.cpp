#include "agent/api_client.h"

#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/json_rpc.h"
#include "base/secret.h"
#include "document/json_reader.h"

namespace allod::agent {
namespace {

using document::Value;
using Clock = std::chrono::steady_clock;

Error gone() {
  return Error(ErrorCode::unavailable, "the agent went away before it answered")
      .with_hint("its log says why: allod logs --agent");
}

} // namespace

Result<ApiClient> ApiClient::connect(const Places& places) {
  const std::string path = places.socket();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error(ErrorCode::invalid_input, "the path of the agent's socket is too long: " + path);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("socket");
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), generic, sizeof address) != 0) {
    if (errno == EACCES || errno == EPERM) {
      return Error(ErrorCode::permission,
                   "the agent of stack " + places.stack + " speaks to root only")
          .with_hint("use sudo");
    }
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
      return Error(ErrorCode::unavailable, "no agent of stack " + places.stack + " runs")
          .with_hint("allod up starts it");
    }
    return errno_error("connect to " + path);
  }
  return ApiClient(std::move(socket));
}

Status ApiClient::send(const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t count =
        ::send(socket_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return gone();
    sent += static_cast<std::size_t>(count);
  }
  return {};
}

Result<std::optional<Value>> ApiClient::receive(std::optional<Clock::time_point> deadline) {
  std::size_t searched = 0;
  while (true) {
    const std::size_t end = received_.find('\n', searched);
    if (end != std::string::npos) {
      Result<Value> message = document::read_json("answer", received_.substr(0, end));
      std::string rest = received_.substr(end + 1);
      wipe(received_);
      received_ = std::move(rest);
      if (!message) return std::move(message).error();
      return std::optional(std::move(*message));
    }
    searched = received_.size();
    int left = -1;
    if (deadline) {
      const auto time =
          std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - Clock::now());
      left = static_cast<int>(std::max<std::int64_t>(time.count(), 0));
    }
    pollfd wait{socket_.get(), POLLIN, 0};
    const int ready = ::poll(&wait, 1, left);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return Error(ErrorCode::timeout, "the agent did not answer in time");
    char buffer[65536];
    const ssize_t count = ::read(socket_.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::optional<Value>();
    received_.append(buffer, static_cast<std::size_t>(count));
    if (received_.size() > kMessageLimit) {
      return Error(ErrorCode::internal, "the agent's answer is too long");
    }
  }
}

Result<Value> ApiClient::call(const std::string& method, const Value& params,
                              const OnNotification& on_notification,
                              std::optional<std::chrono::milliseconds> timeout) {
  const std::int64_t id = ++last_id_;
  if (Status sent = send(rpc_request(id, method, params)); !sent) return std::move(sent).error();
  std::optional<Clock::time_point> deadline;
  if (timeout) deadline = Clock::now() + *timeout;
  while (true) {
    Result<std::optional<Value>> message = receive(deadline);
    if (!message) return std::move(message).error();
    if (!*message) return gone();
    Value& answer = **message;
    if (const Value* notification = answer.find("method")) {
      const Value* given = answer.find("params");
      if (on_notification && notification->is_string()) {
        on_notification(notification->as_string(), given == nullptr ? Value() : *given);
      }
      continue;
    }
    if (answer.integer_or("id", id) != id) continue;
    if (const Value* error = answer.find("error")) {
      const Value* data = error->find("data");
      return error_from_value(data == nullptr ? *error : *data);
    }
    Value* result = answer.find("result");
    return result == nullptr ? Value() : std::move(*result);
  }
}

Status ApiClient::listen(
    const std::function<bool(const std::string& method, const Value& params)>& on_notification) {
  while (true) {
    Result<std::optional<Value>> message = receive({});
    if (!message) return std::move(message).error();
    if (!*message) return {};
    const Value* method = (*message)->find("method");
    const Value* params = (*message)->find("params");
    if (method == nullptr || !method->is_string()) continue;
    if (!on_notification(method->as_string(), params == nullptr ? Value() : *params)) return {};
  }
}

Status ApiClient::wait_closed(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (true) {
    Result<std::optional<Value>> message = receive(deadline);
    if (!message) return std::move(message).error();
    if (!*message) return {};
  }
}

} // namespace allod::agent
