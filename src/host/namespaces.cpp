#include "host/namespaces.h"

#include <cerrno>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/files.h"

namespace allod::host {
namespace {

std::string path_of(const std::string& name) {
  return std::string(kNamespaceFolder) + "/" + name;
}

/// Runs on a thread of its own: what a thread enters, it does not leave again.
Status on_own_thread(const std::function<Status()>& work) {
  Status status;
  std::thread thread([&] { status = work(); });
  thread.join();
  return status;
}

/// Gives this thread's network namespace a name.
Status bind_name(const std::string& name) {
  const std::string path = path_of(name);
  const UniqueFd point(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0444));
  if (!point) return errno_error("create " + path);
  if (::mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) != 0) {
    const int number = errno;
    ::unlink(path.c_str());
    return errno_error("mount a network namespace at " + path, number);
  }
  return {};
}

Result<sockaddr_in> socket_address(const std::string& address, std::uint16_t port) {
  sockaddr_in socket{};
  socket.sin_family = AF_INET;
  socket.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &socket.sin_addr) != 1) {
    return Error(ErrorCode::invalid_input, "\"" + address + "\" is no IPv4 address");
  }
  return socket;
}

Error connect_error(const std::string& what, int number) {
  if (number == ETIMEDOUT || number == EINPROGRESS) {
    return Error(ErrorCode::timeout, what + ": no answer");
  }
  return Error(ErrorCode::unavailable, errno_error(what, number).message());
}

Result<UniqueFd> connect_here(const sockaddr_in& address, const std::string& what, int timeout_ms) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno_error("socket");
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), generic, sizeof address) != 0) {
    if (errno != EINPROGRESS) return connect_error(what, errno);
    pollfd wait{socket.get(), POLLOUT, 0};
    const int ready = ::poll(&wait, 1, timeout_ms);
    int number = ready == 1 ? 0 : ETIMEDOUT;
    socklen_t size = sizeof number;
    if (ready == 1) ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &number, &size);
    if (number != 0) return connect_error(what, number);
  }
  ::fcntl(socket.get(), F_SETFL, 0);
  return socket;
}

Result<UniqueFd> listen_here(const sockaddr_in& address, const std::string& what, int backlog) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("socket");
  const int one = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(socket.get(), generic, sizeof address) != 0) return errno_error(what);
  if (::listen(socket.get(), backlog) != 0) return errno_error(what);
  return socket;
}

} // namespace

Status run_in_namespace(const std::string& path, const std::function<Status()>& work) {
  const UniqueFd space(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!space) return errno_error("open network namespace " + path);
  return on_own_thread([&]() -> Status {
    if (::setns(space.get(), CLONE_NEWNET) != 0) {
      // The name of a namespace that a reboot took away is an empty file.
      if (errno == EINVAL) return Error(ErrorCode::not_found, path + " is no network namespace");
      return errno_error("enter network namespace " + path);
    }
    return work();
  });
}

Status in_new_namespace(const std::function<Status()>& work) {
  return on_own_thread([&]() -> Status {
    if (::unshare(CLONE_NEWNET) != 0) return errno_error("make a network namespace");
    return work();
  });
}

Status create_namespace(const std::string& name, const std::function<Status()>& prepare) {
  if (namespace_exists(name)) {
    return Error(ErrorCode::already_exists, "network namespace " + name + " exists");
  }
  if (Status made = make_directories(kNamespaceFolder); !made) return made;
  return on_own_thread([&]() -> Status {
    if (::unshare(CLONE_NEWNET) != 0) return errno_error("make a network namespace");
    if (Status prepared = prepare(); !prepared) return prepared;
    return bind_name(name);
  });
}

Status remove_namespace(const std::string& name) {
  const std::string path = path_of(name);
  // Each unmount takes one mount off the name; a plain file (EINVAL) has none.
  while (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
  if (errno != EINVAL && errno != ENOENT) return errno_error("unmount " + path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("remove " + path);
  return {};
}

bool namespace_exists(const std::string& name) {
  struct statfs info {};
  return ::statfs(path_of(name).c_str(), &info) == 0 && info.f_type == NSFS_MAGIC;
}

std::vector<std::string> namespaces_with_prefix(const std::string& prefix) {
  std::vector<std::string> names =
      list_directory(kNamespaceFolder).value_or(std::vector<std::string>());
  std::erase_if(names, [&](const std::string& name) { return !name.starts_with(prefix); });
  return names;
}

Result<UniqueFd> connect_in_namespace(const std::string& path, const std::string& address,
                                      std::uint16_t port, int timeout_ms) {
  const Result<sockaddr_in> target = socket_address(address, port);
  if (!target) return Error(target.error());
  Result<UniqueFd> socket = UniqueFd();
  const std::string what = "connect to " + address + ":" + std::to_string(port);
  const Status entered = run_in_namespace(path, [&]() -> Status {
    socket = connect_here(*target, what, timeout_ms);
    return {};
  });
  if (!entered) return Error(entered.error());
  return socket;
}

Result<UniqueFd> listen_in_namespace(const std::string& path, const std::string& address,
                                     std::uint16_t port, int backlog) {
  const Result<sockaddr_in> target = socket_address(address, port);
  if (!target) return Error(target.error());
  Result<UniqueFd> socket = UniqueFd();
  const std::string what = "listen at " + address + ":" + std::to_string(port);
  const Status entered = run_in_namespace(path, [&]() -> Status {
    socket = listen_here(*target, what, backlog);
    return {};
  });
  if (!entered) return Error(entered.error());
  return socket;
}

} // namespace allod::host
