#include "agent/network_keeper.h"

#include <algorithm>

#include <sys/stat.h>

#include "agent/identity_keeper.h"
#include "host/namespaces.h"

namespace allod::agent {
namespace {

using graph::ResourceKind;

host::NetworkSpec empty_spec(const std::string& stack) {
  host::NetworkSpec spec;
  spec.stack = stack;
  return spec;
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

} // namespace

NetworkKeeper::NetworkKeeper(std::string stack)
    : stack_(std::move(stack)), network_(empty_spec(stack_)), wanted_(empty_spec(stack_)) {}

void NetworkKeeper::want(const std::vector<const graph::Graph*>& graphs) {
  std::map<std::string, std::string> addresses;
  std::set<host::Edge> edges;
  std::map<std::uint16_t, std::set<std::string>> agent_clients;
  for (const graph::Graph* graph : graphs) {
    for (const graph::Resource& resource : graph->resources) {
      if (resource.kind != ResourceKind::network) continue;
      addresses[resource.component] = resource.spec.string_or("address", "");
    }
  }
  addresses[kAgentComponent] = std::string(graph::kRouterAddress);
  std::map<std::uint16_t, Destination> ways_out;
  for (const graph::Graph* graph : graphs) {
    for (const graph::Resource& resource : graph->resources) {
      if (resource.kind != ResourceKind::rule) continue;
      const std::string source = resource.spec.string_or("source", "");
      const std::string destination = resource.spec.string_or("destination", "");
      if (!addresses.contains(source) || !addresses.contains(destination)) continue;
      const auto port = static_cast<std::uint16_t>(resource.spec.integer_or("port", 0));
      edges.insert({addresses[source], addresses[destination], port});
      if (destination == kAgentComponent) agent_clients[port].insert(source);
      if (const document::Value* outside = resource.spec.find("outside")) {
        ways_out[port] = {outside->string_or("host", ""),
                          static_cast<std::uint16_t>(outside->integer_or("port", 0))};
      }
    }
  }
  addresses.erase(kAgentComponent);

  host::NetworkSpec spec = empty_spec(stack_);
  for (const auto& [name, address] : addresses)
    spec.components.push_back({name, address});
  const std::lock_guard lock(mutex_);
  ways_out_ = std::move(ways_out);
  const std::vector<host::Edge> list(edges.begin(), edges.end());
  if (spec == wanted_ && list == edges_) return;
  wanted_ = std::move(spec);
  edges_ = list;
  agent_clients_ = std::move(agent_clients);
  built_ = false;
}

Status NetworkKeeper::build() {
  const std::lock_guard lock(mutex_);
  if (built_) return {};
  if (Status changed = network_.change(wanted_); !changed) {
    return std::move(changed).error().during("building the network");
  }
  if (Status applied = network_.apply(edges_); !applied) {
    return std::move(applied).error().during("setting the network's rules");
  }
  built_ = true;
  return {};
}

bool NetworkKeeper::present(const std::string& component) const {
  const std::lock_guard lock(mutex_);
  return built_ && host::namespace_exists(base_name(network_.router_namespace())) &&
         host::namespace_exists(base_name(network_.component_namespace(component)));
}

Result<std::vector<host::Drift>> NetworkKeeper::repair() {
  const std::lock_guard lock(mutex_);
  if (!built_) return std::vector<host::Drift>();
  return network_.repair();
}

Status NetworkKeeper::teardown() {
  const std::lock_guard lock(mutex_);
  built_ = false;
  return host::Network::teardown(stack_);
}

std::string NetworkKeeper::router_namespace() const {
  const std::lock_guard lock(mutex_);
  return network_.router_namespace();
}

std::string NetworkKeeper::component_namespace(const std::string& component) const {
  const std::lock_guard lock(mutex_);
  return network_.component_namespace(component);
}

std::vector<std::string> NetworkKeeper::clients_of_agent(std::uint16_t port) const {
  const std::lock_guard lock(mutex_);
  const auto found = agent_clients_.find(port);
  if (found == agent_clients_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::map<std::uint16_t, Destination> NetworkKeeper::ways_out() const {
  const std::lock_guard lock(mutex_);
  return ways_out_;
}

Result<std::vector<host::RefusedConnection>> NetworkKeeper::refused() const {
  const std::lock_guard lock(mutex_);
  return network_.refused();
}

std::uint64_t namespace_number(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_ino : 0;
}

} // namespace allod::agent
