// Serves the agent's API to many clients at once, on the loop's thread. Only root, or whoever the
// agent itself runs as, is let in.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <sys/types.h>

#include "agent/event_loop.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/unique_fd.h"
#include "document/value.h"

namespace allod::agent {

class ApiServer {
 public:
  /// One request. The functions may be called from any thread, also when the client is gone.
  struct Call {
    std::string method;
    document::Value params;
    std::uint64_t client = 0;
    pid_t process = 0;                                         ///< of the client
    std::function<void(const Result<document::Value>&)> reply; ///< once
    /// A result that is a text nobody else may see; once, instead of `reply`.
    std::function<void(const Secret&)> reply_secret;
    std::function<void(const std::string& method, const document::Value& params)> notify;
  };
  struct Callbacks {
    std::function<void(Call)> on_call;
    std::function<void(std::uint64_t client)> on_gone;
  };

  /// Listens at `path` (0600), in place of what an earlier agent left there. Errors: io,
  /// permission.
  static Result<std::unique_ptr<ApiServer>> listen(EventLoop& loop, const std::string& path,
                                                   Callbacks callbacks);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  /// Writes what is left to be written, for a moment at most. On the loop's thread.
  void flush();

 private:
  struct Client;
  using ClientPointer = std::shared_ptr<Client>;

  ApiServer(EventLoop& loop, std::string path, UniqueFd listener, Callbacks callbacks);
  void accept();
  void read(const ClientPointer& client);
  void take_line(const ClientPointer& client, const std::string& line);
  void send(std::uint64_t client, std::string text);
  void write(const ClientPointer& client);
  void drop(const ClientPointer& client);

  EventLoop& loop_;
  std::string path_;
  UniqueFd listener_;
  Callbacks callbacks_;
  std::map<std::uint64_t, ClientPointer> clients_;
  std::uint64_t last_client_ = 0;
  /// Replies that come after the server's end find it empty.
  std::shared_ptr<ApiServer*> self_;
};

} // namespace allod::agent
