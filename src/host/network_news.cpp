#include "host/network_news.h"

#include <cerrno>
#include <cstdint>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "host/namespaces.h"

namespace allod::host {
namespace {

/// Group N is bit N - 1.
constexpr std::uint32_t kFilterGroups = 1U << (NFNLGRP_NFTABLES - 1);
constexpr std::uint32_t kLinkGroups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE;

Result<UniqueFd> join(int protocol, std::uint32_t groups) {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!fd) return errno_error("open a netlink socket");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return errno_error("join netlink groups");
  }
  return fd;
}

} // namespace

Result<NetworkNews> NetworkNews::listen(const std::string& path) {
  UniqueFd links;
  UniqueFd filter;
  Status joined = run_in_namespace(path, [&]() -> Status {
    Result<UniqueFd> first = join(NETLINK_ROUTE, kLinkGroups);
    if (!first) return std::move(first).error();
    Result<UniqueFd> second = join(NETLINK_NETFILTER, kFilterGroups);
    if (!second) return std::move(second).error();
    links = std::move(*first);
    filter = std::move(*second);
    return {};
  });
  if (!joined) return std::move(joined).error().during("listening to the kernel's news of " + path);
  return NetworkNews(std::move(links), std::move(filter));
}

void NetworkNews::take() {
  char buffer[8192];
  for (const int fd : descriptors()) {
    // ENOBUFS: some were dropped; it is said once and then it goes on.
    while (::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == ENOBUFS ||
           errno == EINTR) {
    }
  }
}

} // namespace allod::host
