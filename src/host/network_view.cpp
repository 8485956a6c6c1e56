#include "host/network_view.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "host/namespaces.h"
#include "host/network_names.h"

namespace allod::host {

bool NetworkView::has_address(int link, const std::string& address) const {
  return std::any_of(addresses.begin(), addresses.end(), [&](const LinkAddress& other) {
    return other.index == link && other.address == address;
  });
}

bool NetworkView::has_route(const Route& route) const {
  return std::any_of(routes.begin(), routes.end(), [&](const Route& other) {
    return other.destination == route.destination && other.prefix == route.prefix &&
           other.gateway == route.gateway && other.index == route.index &&
           other.source == route.source;
  });
}

Result<NetworkView> view_network() {
  Result<Rtnetlink> netlink = Rtnetlink::open();
  if (!netlink) return std::move(netlink).error();
  Result<std::vector<Link>> links = netlink->links();
  if (!links) return std::move(links).error();
  Result<std::vector<LinkAddress>> addresses = netlink->addresses();
  if (!addresses) return std::move(addresses).error();
  Result<std::vector<Route>> routes = netlink->routes();
  if (!routes) return std::move(routes).error();
  NetworkView view;
  view.links = std::move(*links);
  view.addresses = std::move(*addresses);
  view.routes = std::move(*routes);
  if (const std::optional<Link> loopback = find_link(view.links, "lo")) {
    view.owner = loopback->alias;
  }
  view.forwarding = read_file("/proc/sys/net/ipv4/ip_forward").value_or("0") == "1\n";
  return view;
}

Status write_network_sysctl(const std::string& name, const std::string& value) {
  const std::string path = "/proc/sys/net/" + name;
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno == ENOENT ? Status() : Status(errno_error("open " + path));
  if (::write(file.get(), value.data(), value.size()) < 0) return errno_error("write " + path);
  return {};
}

std::string router_name(const std::string& stack) {
  return "allod-" + stack;
}

std::string component_name(const std::string& stack, const std::string& component) {
  return "allod-" + stack + "-" + component;
}

std::string link_name(const std::string& component) {
  constexpr std::size_t kRoom = 13; // IFNAMSIZ without its zero byte and the prefix
  if (component.size() <= kRoom) return "c-" + component;
  return "c-" + component.substr(0, 6) + "-" + sha256_hex(component).substr(0, 6);
}

std::string owner_mark(const std::string& stack, const std::string& component) {
  return component.empty() ? "allod:" + stack : "allod:" + stack + ":" + component;
}

std::vector<std::string> namespaces_of(const std::string& stack) {
  std::vector<std::string> ours;
  const std::string mark = owner_mark(stack, "");
  for (const std::string& name : namespaces_with_prefix(router_name(stack))) {
    if (!namespace_exists(name)) {
      const std::string rest = name.substr(router_name(stack).size());
      if (rest.empty() || rest.front() == '-') ours.push_back(name);
      continue;
    }
    std::string owner;
    const Status seen =
        run_in_namespace(std::string(kNamespaceFolder) + "/" + name, [&]() -> Status {
          const Result<NetworkView> view = view_network();
          if (view) owner = view->owner;
          return {};
        });
    if (seen && (owner == mark || owner.starts_with(mark + ":"))) ours.push_back(name);
  }
  return ours;
}

} // namespace allod::host
