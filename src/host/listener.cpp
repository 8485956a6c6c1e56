#include "host/listener.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "host/proc.h"
#include "host/socket_table.h"

namespace allod::host {
namespace {

/// Room for an address of either family.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* generic() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};

Result<SocketAddress> parse(const std::string& address, std::uint16_t port) {
  SocketAddress parsed;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&parsed.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&parsed.storage);
  if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    parsed.size = sizeof(sockaddr_in);
    return parsed;
  }
  if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    parsed.size = sizeof(sockaddr_in6);
    return parsed;
  }
  return Error(ErrorCode::invalid_input, "\"" + address + "\" is no IP address");
}

std::string describe(const std::string& address, std::uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

Error bind_error(const std::string& address, std::uint16_t port, int number) {
  const std::string what = "listen at " + describe(address, port);
  if (number == EADDRINUSE) {
    std::string taken = "port " + std::to_string(port) + " is taken";
    if (const std::optional<PortHolder> holder = find_port_holder(address, port)) {
      taken += holder->pid == 0
                   ? " by a process that cannot be seen from here"
                   : " by process " + std::to_string(holder->pid) + " (" + holder->name + ")";
    }
    return Error(ErrorCode::conflict, what + ": " + taken)
        .with_hint("stop that process or give the stack another port");
  }
  if (number == EADDRNOTAVAIL) {
    return Error(ErrorCode::invalid_input, what + ": this machine has no such address");
  }
  return errno_error(what, number);
}

/// The process that has a socket open.
std::optional<PortHolder> find_owner(const std::set<std::uint64_t>& inodes) {
  for (const pid_t process : all_processes()) {
    const std::string folder = "/proc/" + std::to_string(process) + "/fd";
    for (const std::string& fd : list_directory(folder).value_or(std::vector<std::string>())) {
      char text[64];
      const ssize_t length = ::readlink((folder + "/" + fd).c_str(), text, sizeof text - 1);
      if (length <= 0) continue;
      text[length] = '\0';
      std::uint64_t inode = 0;
      if (std::sscanf(text, "socket:[%lu]", &inode) != 1 || !inodes.contains(inode)) continue;
      const std::optional<ProcessFacts> facts = process_facts(process);
      return PortHolder{process, facts ? facts->name : "?"};
    }
  }
  return {};
}

bool listens_at(int socket, const SocketAddress& wanted) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
    return false;
  }
  SocketAddress own;
  own.size = sizeof own.storage;
  auto* generic = reinterpret_cast<sockaddr*>(&own.storage);
  if (::getsockname(socket, generic, &own.size) != 0) return false;
  return own.size == wanted.size && std::memcmp(&own.storage, &wanted.storage, own.size) == 0;
}

} // namespace

Result<UniqueFd> open_listener(const std::string& address, std::uint16_t port, int backlog) {
  const Result<SocketAddress> parsed = parse(address, port);
  if (!parsed) return Error(parsed.error());
  UniqueFd socket(::socket(parsed->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("socket for " + describe(address, port));
  const int one = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (parsed->storage.ss_family == AF_INET6) {
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  }
  if (::bind(socket.get(), parsed->generic(), parsed->size) != 0 ||
      ::listen(socket.get(), backlog) != 0) {
    return bind_error(address, port, errno);
  }
  return socket;
}

Result<UniqueFd> recover_listener(pid_t process, const std::string& address, std::uint16_t port) {
  const std::string what =
      "the socket at " + describe(address, port) + " in process " + std::to_string(process);
  const Result<SocketAddress> wanted = parse(address, port);
  if (!wanted) return Error(wanted.error());
  const Result<UniqueFd> handle = open_pidfd(process);
  if (!handle) return Error(handle.error()).during("looking for " + what);
  const std::string folder = "/proc/" + std::to_string(process) + "/fd";
  for (const std::string& name : list_directory(folder).value_or(std::vector<std::string>())) {
    char text[64];
    const ssize_t length = ::readlink((folder + "/" + name).c_str(), text, sizeof text);
    if (!std::string_view(text, length > 0 ? static_cast<std::size_t>(length) : 0)
             .starts_with("socket:")) {
      continue;
    }
    // Comes with CLOEXEC.
    UniqueFd socket(
        static_cast<int>(::syscall(SYS_pidfd_getfd, handle->get(), std::stoi(name), 0)));
    if (!socket && errno == EPERM) return errno_error("take " + what);
    if (socket && listens_at(socket.get(), *wanted)) return socket;
  }
  return Error(ErrorCode::not_found, what + " was not found");
}

std::optional<PortHolder> find_port_holder(const std::string& address, std::uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  std::set<std::uint64_t> inodes;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    for (const ListeningEntry& entry : parse_socket_table(read_file(table).value_or(""))) {
      if (entry.port == port && stand_in_the_way(entry.address, address, v6)) {
        inodes.insert(entry.inode);
      }
    }
  }
  if (inodes.empty()) return {};
  const std::optional<PortHolder> owner = find_owner(inodes);
  return owner ? owner : PortHolder{};
}

} // namespace allod::host
