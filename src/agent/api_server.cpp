#include "agent/api_server.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/json_rpc.h"
#include "document/json_reader.h"
#include "document/json_writer.h"

namespace allod::agent {
namespace {

using document::Value;

constexpr std::size_t kClients = 64;
/// Of a client that does not read: then it is dropped.
constexpr std::size_t kUnsentLimit = 16U << 20;

Result<UniqueFd> open_listener(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error(ErrorCode::invalid_input, "the path of the agent's socket is too long: " + path);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return errno_error("socket");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("remove " + path);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  // Made in a folder of mode 0700: nobody comes in before the mode is set.
  if (::bind(listener.get(), generic, sizeof address) != 0 || ::chmod(path.c_str(), 0600) != 0 ||
      ::listen(listener.get(), 64) != 0) {
    return errno_error("listen at " + path);
  }
  return listener;
}

} // namespace

struct ApiServer::Client {
  std::uint64_t number = 0;
  UniqueFd socket;
  pid_t process = 0;
  std::string received;
  std::string unsent;
  bool writing = false; // EPOLLOUT is asked for
};

Result<std::unique_ptr<ApiServer>> ApiServer::listen(EventLoop& loop, const std::string& path,
                                                     Callbacks callbacks) {
  Result<UniqueFd> listener = open_listener(path);
  if (!listener) return std::move(listener).error();
  std::unique_ptr<ApiServer> server(
      new ApiServer(loop, path, std::move(*listener), std::move(callbacks)));
  ApiServer* raw = server.get();
  Status watched =
      loop.watch(raw->listener_.get(), EPOLLIN, [raw](std::uint32_t) { raw->accept(); });
  if (!watched) return std::move(watched).error();
  return server;
}

ApiServer::ApiServer(EventLoop& loop, std::string path, UniqueFd listener, Callbacks callbacks)
    : loop_(loop), path_(std::move(path)), listener_(std::move(listener)),
      callbacks_(std::move(callbacks)), self_(std::make_shared<ApiServer*>(this)) {}

ApiServer::~ApiServer() {
  *self_ = nullptr;
  loop_.unwatch(listener_.get());
  for (const auto& [number, client] : clients_)
    loop_.unwatch(client->socket.get());
  ::unlink(path_.c_str());
}

void ApiServer::accept() {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  if (!known || (peer.uid != 0 && peer.uid != ::geteuid()) || clients_.size() >= kClients) return;
  const auto client = std::make_shared<Client>();
  client->number = ++last_client_;
  client->process = peer.pid;
  client->socket = std::move(socket);
  Status watched = loop_.watch(client->socket.get(), EPOLLIN, [this, client](std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) write(client);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(client);
  });
  if (watched) clients_[client->number] = client;
}

void ApiServer::read(const ClientPointer& client) {
  if (!client->socket) return;
  char buffer[65536];
  const ssize_t count = ::read(client->socket.get(), buffer, sizeof buffer);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0 || client->received.size() + static_cast<std::size_t>(count) > kMessageLimit) {
    drop(client);
    return;
  }
  std::size_t from = client->received.size();
  client->received.append(buffer, static_cast<std::size_t>(count));
  std::size_t start = 0;
  for (std::size_t end = client->received.find('\n', from); end != std::string::npos;
       end = client->received.find('\n', start)) {
    const std::string line = client->received.substr(start, end - start);
    start = end + 1;
    if (!line.empty()) take_line(client, line);
  }
  client->received.erase(0, start);
  if (client->received.empty()) client->received.shrink_to_fit();
}

void ApiServer::take_line(const ClientPointer& client, const std::string& line) {
  const std::uint64_t number = client->number;
  Result<Value> request = document::read_json("request", line);
  const Value* method = request ? request->find("method") : nullptr;
  if (method == nullptr || !method->is_string()) {
    const Error error = request ? Error(ErrorCode::invalid_input, "no method") : request.error();
    send(number, rpc_error(Value(), kBadRequest, error));
    return;
  }
  const Value id = request->contains("id") ? *request->find("id") : Value();
  Call call;
  call.method = method->as_string();
  if (Value* params = request->find("params")) call.params = std::move(*params);
  if (!call.params.is_map()) call.params = Value::map();
  call.client = number;
  call.process = client->process;
  const auto post = [self = self_, &loop = loop_, number](std::string text) {
    loop.post([self, number, text = std::move(text)]() mutable {
      if (*self != nullptr) (*self)->send(number, std::move(text));
    });
  };
  call.reply = [post, id](const Result<Value>& result) {
    if (result) return post(rpc_result(id, *result));
    const bool unknown = result.error().message().starts_with("no method ");
    post(rpc_error(id, unknown ? kNoMethod : kFailed, result.error()));
  };
  call.reply_secret = [post, id](const Secret& secret) {
    std::string text;
    text.reserve(secret.reveal().size() + 128);
    text += R"({"jsonrpc":"2.0","id":)" + document::write_json(id) + R"(,"result":{"text":")";
    text += secret.reveal(); // letters and digits
    text += "\"}}\n";
    post(std::move(text));
  };
  call.notify = [post](const std::string& name, const Value& params) {
    post(rpc_notification(name, params));
  };
  callbacks_.on_call(std::move(call));
}

void ApiServer::send(std::uint64_t number, std::string text) {
  const auto found = clients_.find(number);
  if (found != clients_.end()) {
    const ClientPointer client = found->second;
    client->unsent += text;
    if (client->unsent.size() > kUnsentLimit) {
      drop(client);
    } else {
      write(client);
    }
  }
  wipe(text);
}

void ApiServer::write(const ClientPointer& client) {
  while (client->socket && !client->unsent.empty()) {
    const ssize_t count =
        ::send(client->socket.get(), client->unsent.data(), client->unsent.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) {
      drop(client);
      return;
    }
    const auto sent = static_cast<std::size_t>(count);
    std::fill_n(client->unsent.begin(), sent, '\0');
    client->unsent.erase(0, sent);
  }
  if (!client->socket) return;
  const bool more = !client->unsent.empty();
  if (!more) client->unsent.shrink_to_fit();
  if (more == client->writing) return;
  client->writing = more;
  const std::uint32_t events = more ? EPOLLIN | EPOLLOUT : EPOLLIN;
  Status watched =
      loop_.watch(client->socket.get(), events, [this, client](std::uint32_t happened) {
        if ((happened & EPOLLOUT) != 0) write(client);
        if ((happened & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(client);
      });
  if (!watched) drop(client);
}

void ApiServer::drop(const ClientPointer& client) {
  if (!client->socket) return;
  loop_.unwatch(client->socket.get());
  client->socket.reset();
  wipe(client->unsent);
  clients_.erase(client->number);
  callbacks_.on_gone(client->number);
}

void ApiServer::flush() {
  for (const auto& [number, client] : std::map(clients_)) {
    if (client->unsent.empty()) continue;
    pollfd wait{client->socket.get(), POLLOUT, 0};
    if (::poll(&wait, 1, 500) > 0) write(client);
  }
}

} // namespace allod::agent
