#include "host/rtnetlink.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

namespace allod::host {
namespace {

using Buffer = std::array<char, 8192>;

std::string text_of(const nlattr* attribute) {
  char text[INET_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET, mnl_attr_get_payload(attribute), text, sizeof text);
  return text;
}

Result<in_addr> parse(const std::string& address) {
  in_addr parsed{};
  if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1) {
    return Error(ErrorCode::invalid_input, "\"" + address + "\" is no IPv4 address");
  }
  return parsed;
}

/// The attributes of a message by their type.
template<std::size_t Count>
std::array<const nlattr*, Count> attributes_of(const nlmsghdr* message, std::size_t header) {
  std::array<const nlattr*, Count> found{};
  const auto take = [](const nlattr* attribute, void* data) {
    const std::uint16_t type = mnl_attr_get_type(attribute);
    if (type < Count) (*static_cast<std::array<const nlattr*, Count>*>(data))[type] = attribute;
    return MNL_CB_OK;
  };
  mnl_attr_parse(message, static_cast<unsigned>(header), take, &found);
  return found;
}

nlmsghdr* request(Buffer& buffer, std::uint16_t type, int flags) {
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = type;
  message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  return message;
}

ifinfomsg* link_header(nlmsghdr* message, int index) {
  auto* header = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg)));
  header->ifi_family = AF_UNSPEC;
  header->ifi_index = index;
  return header;
}

} // namespace

std::optional<Link> find_link(const std::vector<Link>& links, const std::string& name) {
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const Link& link) { return link.name == name; });
  return found == links.end() ? std::nullopt : std::optional<Link>(*found);
}

void Rtnetlink::Closer::operator()(mnl_socket* socket) const {
  mnl_socket_close(socket);
}

Result<Rtnetlink> Rtnetlink::open() {
  mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
  if (socket == nullptr) return errno_error("open a netlink socket");
  Rtnetlink netlink(socket);
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) != 0) return errno_error("bind netlink");
  return netlink;
}

Status Rtnetlink::send(nlmsghdr* message, const std::string& what) {
  message->nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_.get(), message, message->nlmsg_len) < 0) return errno_error(what);
  Buffer buffer;
  const ssize_t count = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
  if (count < 0) return errno_error(what);
  const int end = mnl_cb_run(buffer.data(), static_cast<std::size_t>(count), sequence_,
                             mnl_socket_get_portid(socket_.get()), nullptr, nullptr);
  return end < 0 ? Status(errno_error(what)) : Status();
}

template<class Take>
Status Rtnetlink::dump(std::uint16_t type, const Take& take) {
  Buffer buffer;
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message->nlmsg_seq = ++sequence_;
  auto* header = static_cast<rtgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(rtgenmsg)));
  header->rtgen_family = type == RTM_GETLINK ? AF_UNSPEC : AF_INET;
  if (mnl_socket_sendto(socket_.get(), message, message->nlmsg_len) < 0) {
    return errno_error("ask netlink");
  }
  const auto call = [](const nlmsghdr* answer, void* data) {
    (*static_cast<const Take*>(data))(answer);
    return MNL_CB_OK;
  };
  std::array<char, 32768> answers; // the kernel's own bound on a piece of a dump
  for (int more = MNL_CB_OK; more > MNL_CB_STOP;) {
    const ssize_t count = mnl_socket_recvfrom(socket_.get(), answers.data(), answers.size());
    if (count < 0) return errno_error("read netlink");
    more = mnl_cb_run(answers.data(), static_cast<std::size_t>(count), sequence_,
                      mnl_socket_get_portid(socket_.get()), call, const_cast<Take*>(&take));
    if (more < 0) return errno_error("read netlink");
  }
  return {};
}

Result<std::vector<Link>> Rtnetlink::links() {
  std::vector<Link> links;
  const Status dumped = dump(RTM_GETLINK, [&](const nlmsghdr* message) {
    const auto* header = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
    const auto attributes = attributes_of<IFLA_IFALIAS + 1>(message, sizeof *header);
    Link link;
    link.index = header->ifi_index;
    link.up = (header->ifi_flags & IFF_UP) != 0;
    // Not IFF_RUNNING: that counts an unknown state, which every link begins with, as running.
    const nlattr* state = attributes[IFLA_OPERSTATE];
    link.running = state != nullptr && mnl_attr_get_u8(state) == IF_OPER_UP;
    if (attributes[IFLA_IFNAME] != nullptr) link.name = mnl_attr_get_str(attributes[IFLA_IFNAME]);
    if (const nlattr* alias = attributes[IFLA_IFALIAS]) {
      // Without a zero byte at its end.
      link.alias.assign(mnl_attr_get_str(alias), mnl_attr_get_payload_len(alias));
      link.alias = link.alias.substr(0, link.alias.find('\0'));
    }
    links.push_back(std::move(link));
  });
  if (!dumped) return Error(dumped.error());
  return links;
}

Result<std::vector<LinkAddress>> Rtnetlink::addresses() {
  std::vector<LinkAddress> addresses;
  const Status dumped = dump(RTM_GETADDR, [&](const nlmsghdr* message) {
    const auto* header = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
    const auto attributes = attributes_of<IFA_LOCAL + 1>(message, sizeof *header);
    if (header->ifa_family != AF_INET || attributes[IFA_LOCAL] == nullptr) return;
    addresses.push_back({static_cast<int>(header->ifa_index), text_of(attributes[IFA_LOCAL]),
                         header->ifa_prefixlen});
  });
  if (!dumped) return Error(dumped.error());
  return addresses;
}

Result<std::vector<Route>> Rtnetlink::routes() {
  std::vector<Route> routes;
  const Status dumped = dump(RTM_GETROUTE, [&](const nlmsghdr* message) {
    const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
    if (header->rtm_family != AF_INET || header->rtm_table != RT_TABLE_MAIN) return;
    const auto attributes = attributes_of<RTA_PREFSRC + 1>(message, sizeof *header);
    Route route;
    route.prefix = header->rtm_dst_len;
    if (attributes[RTA_DST] != nullptr) route.destination = text_of(attributes[RTA_DST]);
    if (attributes[RTA_GATEWAY] != nullptr) route.gateway = text_of(attributes[RTA_GATEWAY]);
    if (attributes[RTA_PREFSRC] != nullptr) route.source = text_of(attributes[RTA_PREFSRC]);
    if (attributes[RTA_OIF] != nullptr) {
      route.index = static_cast<int>(mnl_attr_get_u32(attributes[RTA_OIF]));
    }
    routes.push_back(std::move(route));
  });
  if (!dumped) return Error(dumped.error());
  return routes;
}

Status Rtnetlink::add_veth(const std::string& name, const std::string& peer, int peer_namespace) {
  Buffer buffer;
  nlmsghdr* message = request(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  link_header(message, 0);
  mnl_attr_put_strz(message, IFLA_IFNAME, name.c_str());
  nlattr* info = mnl_attr_nest_start(message, IFLA_LINKINFO);
  mnl_attr_put_str(message, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
  nlattr* other = mnl_attr_nest_start(message, VETH_INFO_PEER);
  link_header(message, 0);
  mnl_attr_put_strz(message, IFLA_IFNAME, peer.c_str());
  mnl_attr_put_u32(message, IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_namespace));
  mnl_attr_nest_end(message, other);
  mnl_attr_nest_end(message, data);
  mnl_attr_nest_end(message, info);
  Status added = send(message, "add veth pair " + name);
  if (!added && added.error().code() == ErrorCode::unsupported) {
    return std::move(added).error().with_hint("the kernel needs CONFIG_VETH (module veth)");
  }
  return added;
}

Status Rtnetlink::remove_link(const std::string& name) {
  Buffer buffer;
  nlmsghdr* message = request(buffer, RTM_DELLINK, 0);
  link_header(message, 0);
  mnl_attr_put_strz(message, IFLA_IFNAME, name.c_str());
  return send(message, "remove link " + name);
}

Status Rtnetlink::set_up(int index) {
  Buffer buffer;
  nlmsghdr* message = request(buffer, RTM_NEWLINK, 0);
  ifinfomsg* header = link_header(message, index);
  header->ifi_flags = IFF_UP;
  header->ifi_change = IFF_UP;
  return send(message, "set link " + std::to_string(index) + " up");
}

Status Rtnetlink::set_alias(int index, const std::string& alias) {
  Buffer buffer;
  nlmsghdr* message = request(buffer, RTM_NEWLINK, 0);
  link_header(message, index);
  mnl_attr_put_strz(message, IFLA_IFALIAS, alias.c_str());
  return send(message, "set the alias of link " + std::to_string(index));
}

Status Rtnetlink::add_address(int index, const std::string& address, int prefix) {
  const Result<in_addr> parsed = parse(address);
  if (!parsed) return Error(parsed.error());
  Buffer buffer;
  nlmsghdr* message = request(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
  auto* header = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifaddrmsg)));
  header->ifa_family = AF_INET;
  header->ifa_prefixlen = static_cast<unsigned char>(prefix);
  header->ifa_scope = RT_SCOPE_UNIVERSE;
  header->ifa_index = static_cast<unsigned>(index);
  mnl_attr_put_u32(message, IFA_LOCAL, parsed->s_addr);
  mnl_attr_put_u32(message, IFA_ADDRESS, parsed->s_addr);
  return send(message, "add address " + address);
}

Status Rtnetlink::add_route(const Route& route) {
  Buffer buffer;
  nlmsghdr* message = request(buffer, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
  auto* header = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(rtmsg)));
  header->rtm_family = AF_INET;
  header->rtm_dst_len = static_cast<unsigned char>(route.prefix);
  header->rtm_table = RT_TABLE_MAIN;
  header->rtm_protocol = RTPROT_STATIC;
  header->rtm_scope = route.gateway.empty() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  header->rtm_type = RTN_UNICAST;
  if (!route.destination.empty()) {
    const Result<in_addr> destination = parse(route.destination);
    if (!destination) return Error(destination.error());
    mnl_attr_put_u32(message, RTA_DST, destination->s_addr);
  }
  if (!route.gateway.empty()) {
    const Result<in_addr> gateway = parse(route.gateway);
    if (!gateway) return Error(gateway.error());
    mnl_attr_put_u32(message, RTA_GATEWAY, gateway->s_addr);
  }
  if (!route.source.empty()) {
    const Result<in_addr> source = parse(route.source);
    if (!source) return Error(source.error());
    mnl_attr_put_u32(message, RTA_PREFSRC, source->s_addr);
  }
  mnl_attr_put_u32(message, RTA_OIF, static_cast<std::uint32_t>(route.index));
  return send(message,
              "add route to " + (route.destination.empty() ? "default" : route.destination));
}

} // namespace allod::host
