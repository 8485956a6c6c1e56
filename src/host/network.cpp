#include "host/network.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>

#include "base/unique_fd.h"
#include "host/names.h"
#include "host/namespaces.h"
#include "host/network_names.h"
#include "host/network_view.h"
#include "host/packet_filter.h"

namespace allod::host {
namespace {

/// Where a component sends everything: the router's end of its link, the same for all.
constexpr const char* kNextHop = "169.254.1.1";
constexpr const char* kComponentLink = "eth0";

std::string path_of(const std::string& name) {
  return std::string(kNamespaceFolder) + "/" + name;
}

bool is_ipv4(const std::string& address) {
  in_addr parsed{};
  return ::inet_pton(AF_INET, address.c_str(), &parsed) == 1;
}

/// What every namespace of a stack starts with. Runs inside it.
Status prepare_namespace(const std::string& owner) {
  // Before any link: no address of version 6 is ever made.
  for (const char* name : {"ipv6/conf/all/disable_ipv6", "ipv6/conf/default/disable_ipv6"}) {
    if (Status written = write_network_sysctl(name, "1"); !written) return written;
  }
  Result<Rtnetlink> netlink = Rtnetlink::open();
  if (!netlink) return std::move(netlink).error();
  constexpr int kLoopback = 1; // LOOPBACK_IFINDEX: the first link of every namespace
  if (Status marked = netlink->set_alias(kLoopback, owner); !marked) return marked;
  return netlink->set_up(kLoopback);
}

/// Makes sure that a namespace of this name is there and is ours.
Status ensure_namespace(const std::string& name, const std::string& owner) {
  if (!namespace_exists(name)) {
    // The empty file that a reboot leaves of a name.
    if (Status removed = remove_namespace(name); !removed) return removed;
    return create_namespace(name, [&] { return prepare_namespace(owner); });
  }
  return run_in_namespace(path_of(name), [&]() -> Status {
    Result<Rtnetlink> netlink = Rtnetlink::open();
    if (!netlink) return std::move(netlink).error();
    const Result<std::vector<Link>> links = netlink->links();
    if (!links) return Error(links.error());
    const std::optional<Link> loopback = find_link(*links, "lo");
    if (!loopback || loopback->alias != owner) {
      return Error(ErrorCode::conflict, "network namespace " + name + " exists and is not " + owner)
          .with_hint("see `ip -n " + name + " link`; remove it or choose another name");
    }
    return loopback->up ? Status() : netlink->set_up(loopback->index);
  });
}

std::set<Source> sources_of(const NetworkSpec& spec) {
  std::set<Source> sources;
  for (const NetworkComponent& component : spec.components) {
    sources.insert({link_name(component.name), component.address});
  }
  return sources;
}

} // namespace

Network::Network(NetworkSpec spec) : spec_(std::move(spec)) {}

std::string Network::router_namespace() const {
  return path_of(router_name(spec_.stack));
}

std::string Network::component_namespace(const std::string& component) const {
  return path_of(component_name(spec_.stack, component));
}

Status Network::validate() const {
  const auto bad = [](const std::string& message) {
    return Error(ErrorCode::invalid_input, message);
  };
  if (!is_object_name(spec_.stack)) return bad("\"" + spec_.stack + "\" is no name of a stack");
  std::set<std::string> names;
  std::set<std::string> addresses = {spec_.router_address};
  if (!is_ipv4(spec_.router_address)) return bad("\"" + spec_.router_address + "\" is no address");
  for (const NetworkComponent& component : spec_.components) {
    if (!is_object_name(component.name)) return bad("\"" + component.name + "\" is no name");
    if (!is_ipv4(component.address)) {
      return bad("component " + component.name + ": \"" + component.address + "\" is no address");
    }
    if (!names.insert(component.name).second) return bad(component.name + " is there twice");
    if (!addresses.insert(component.address).second) {
      return bad("address " + component.address + " is given twice");
    }
  }
  return {};
}

Result<std::string> Network::rules() const {
  if (rules_.empty()) {
    Result<std::string> expected = expected_rules();
    if (!expected) return std::move(expected).error();
    rules_ = std::move(*expected);
  }
  return rules_;
}

Status Network::ensure_filter() {
  const std::set<Source> sources = sources_of(spec_);
  const Result<FilterState> state = read_filter();
  if (!state) return Error(state.error());
  if (state->present) {
    const Result<std::string> expected = rules();
    if (!expected) return Error(expected.error());
    // Edges in force stay as they are until apply(): a new agent does not know them yet.
    if (state->rules == *expected) return update_filter(*state, state->edges, sources);
  }
  return install_filter({edges_.begin(), edges_.end()}, sources);
}

Status Network::build_router() {
  const std::string name = router_name(spec_.stack);
  if (Status made = ensure_namespace(name, owner_mark(spec_.stack, "")); !made) return made;
  return run_in_namespace(path_of(name), [&]() -> Status {
    if (Status filtered = ensure_filter(); !filtered) return filtered;
    if (Status forwards = write_network_sysctl("ipv4/ip_forward", "1"); !forwards) return forwards;
    Result<Rtnetlink> netlink = Rtnetlink::open();
    if (!netlink) return std::move(netlink).error();
    return netlink->add_address(1, spec_.router_address, 32);
  });
}

Status Network::connect_components() {
  return run_in_namespace(router_namespace(), [&]() -> Status {
    Result<Rtnetlink> netlink = Rtnetlink::open();
    if (!netlink) return std::move(netlink).error();
    Result<std::vector<Link>> links = netlink->links();
    if (!links) return std::move(links).error();
    for (const NetworkComponent& component : spec_.components) {
      const std::string name = link_name(component.name);
      if (!find_link(*links, name)) {
        const UniqueFd space(
            ::open(component_namespace(component.name).c_str(), O_RDONLY | O_CLOEXEC));
        if (!space) return errno_error("open " + component_namespace(component.name));
        Status added = netlink->add_veth(name, kComponentLink, space.get());
        if (!added) return added;
      }
    }
    links = netlink->links();
    if (!links) return std::move(links).error();
    for (const NetworkComponent& component : spec_.components) {
      const std::optional<Link> link = find_link(*links, link_name(component.name));
      if (!link) return Error(ErrorCode::conflict, "the link of " + component.name + " is gone");
      Status done = netlink->set_up(link->index);
      if (done) done = netlink->add_address(link->index, kNextHop, 32);
      if (done)
        done = netlink->add_route({component.address, 32, "", link->index, spec_.router_address});
      if (!done) return done;
    }
    return {};
  });
}

/// The kernel notices in its own time that the other end of a link is up, and drops packets until
/// then: the first connection would be tried again only a second later.
Status Network::await_links() const {
  return run_in_namespace(router_namespace(), [&]() -> Status {
    Result<Rtnetlink> netlink = Rtnetlink::open();
    if (!netlink) return std::move(netlink).error();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    Result<std::vector<Link>> links = netlink->links();
    while (links) {
      std::erase_if(*links, [](const Link& link) { return !link.name.starts_with("c-"); });
      const bool running =
          std::all_of(links->begin(), links->end(), [](const Link& link) { return link.running; });
      // Late is no error: connections are merely slower then.
      if (running || std::chrono::steady_clock::now() > deadline) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      links = netlink->links();
    }
    if (!links) return std::move(links).error();
    // The kernel marks a link as running a moment before it lets packets through, both under one
    // lock. A request that changes nothing but takes that lock comes after it.
    for (const Link& link : *links) {
      if (Status waited = netlink->set_up(link.index); !waited) return waited;
    }
    return {};
  });
}

Status Network::build_component(const NetworkComponent& component) {
  return run_in_namespace(component_namespace(component.name), [&]() -> Status {
    Result<Rtnetlink> netlink = Rtnetlink::open();
    if (!netlink) return std::move(netlink).error();
    const Result<std::vector<Link>> links = netlink->links();
    if (!links) return Error(links.error());
    const std::optional<Link> link = find_link(*links, kComponentLink);
    if (!link) return Error(ErrorCode::conflict, "the link of " + component.name + " is gone");
    Status done = netlink->add_address(link->index, component.address, 32);
    if (done) done = netlink->set_up(link->index);
    if (done) done = netlink->add_route({kNextHop, 32, "", link->index, ""});
    if (done) done = netlink->add_route({"", 0, kNextHop, link->index, ""});
    return done;
  });
}

Status Network::remove_foreign() const {
  std::set<std::string> declared = {router_name(spec_.stack)};
  for (const NetworkComponent& component : spec_.components) {
    declared.insert(component_name(spec_.stack, component.name));
  }
  for (const std::string& name : namespaces_of(spec_.stack)) {
    if (declared.contains(name)) continue;
    if (Status removed = remove_namespace(name); !removed) return removed;
  }
  return {};
}

Status Network::build() {
  const std::string doing = "building the network of stack " + spec_.stack;
  if (Status valid = validate(); !valid) return std::move(valid).error().during(doing);
  Status done = remove_foreign();
  if (done) done = build_router();
  for (const NetworkComponent& component : spec_.components) {
    if (!done) break;
    done = ensure_namespace(component_name(spec_.stack, component.name),
                            owner_mark(spec_.stack, component.name));
  }
  if (done) done = connect_components();
  for (const NetworkComponent& component : spec_.components) {
    if (!done) break;
    done = build_component(component);
  }
  if (done) done = await_links();
  return done ? Status() : Status(std::move(done).error().during(doing));
}

Status Network::change(NetworkSpec spec) {
  if (spec.stack != spec_.stack) {
    return Error(ErrorCode::invalid_input, "a network does not change its stack");
  }
  spec_ = std::move(spec);
  return build();
}

Status Network::apply(std::vector<Edge> edges) {
  std::set<std::string> addresses = {spec_.router_address};
  for (const NetworkComponent& component : spec_.components)
    addresses.insert(component.address);
  for (const Edge& edge : edges) {
    for (const std::string& address : {edge.source, edge.destination}) {
      if (addresses.contains(address)) continue;
      return Error(ErrorCode::invalid_input, "no component has the address " + address);
    }
    if (edge.port == 0) return Error(ErrorCode::invalid_input, "an edge has no port");
  }
  const std::set<Edge> wanted(edges.begin(), edges.end());
  edges_.assign(wanted.begin(), wanted.end());
  Status done = run_in_namespace(router_namespace(), [&]() -> Status {
    const Result<FilterState> state = read_filter();
    if (!state) return Error(state.error());
    const Result<std::string> expected = rules();
    if (!expected) return Error(expected.error());
    const std::set<Source> sources = sources_of(spec_);
    if (state->present && state->rules == *expected) return update_filter(*state, wanted, sources);
    return install_filter(wanted, sources);
  });
  if (done) return {};
  return std::move(done).error().during("applying the edges of stack " + spec_.stack);
}

Result<DropCounters> Network::counters() const {
  Result<DropCounters> counters = DropCounters();
  const Status entered = run_in_namespace(router_namespace(), [&]() -> Status {
    counters = read_counters();
    return {};
  });
  if (!entered) return Error(entered.error());
  return counters;
}

Result<std::vector<RefusedConnection>> Network::refused() const {
  Result<std::vector<RefusedConnection>> refused = std::vector<RefusedConnection>();
  const Status entered = run_in_namespace(router_namespace(), [&]() -> Status {
    refused = read_refused();
    return {};
  });
  if (!entered) return Error(entered.error());
  return refused;
}

Status Network::teardown(const std::string& stack) {
  if (!is_object_name(stack)) return Error(ErrorCode::invalid_input, "no name of a stack");
  // Components first: with the router gone, a unit that still runs would lose its way all the same,
  // but a crash in between leaves the filter in force.
  std::vector<std::string> names = namespaces_of(stack);
  std::sort(names.begin(), names.end(), std::greater<>());
  for (const std::string& name : names) {
    Status removed = remove_namespace(name);
    if (!removed) return std::move(removed).error().during("removing the network of " + stack);
  }
  return {};
}

} // namespace allod::host
