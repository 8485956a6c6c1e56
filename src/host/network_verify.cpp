// The network as it is against the network as declared.
#include <algorithm>
#include <iterator>
#include <set>

#include "host/namespaces.h"
#include "host/network.h"
#include "host/network_names.h"
#include "host/network_view.h"
#include "host/packet_filter.h"

namespace allod::host {
namespace {

constexpr const char* kNextHop = "169.254.1.1";

std::string describe(const Edge& edge) {
  return edge.source + " → " + edge.destination + ":" + std::to_string(edge.port);
}

class Comparison {
 public:
  explicit Comparison(std::vector<Drift>& drifts) : drifts_(drifts) {}

  void add(DriftKind kind, const std::string& object, const std::string& detail) {
    drifts_.push_back({kind, object, detail});
  }

  /// A link with its address and routes. False when the link is missing.
  void link(const NetworkView& view, const std::string& space, const std::string& name,
            const std::string& address, std::vector<Route> routes) {
    const std::string object = "link " + name + " in " + space;
    const std::optional<Link> link = find_link(view.links, name);
    if (!link) return add(DriftKind::link_missing, object, "is missing");
    if (!link->up) add(DriftKind::link_missing, object, "is down");
    if (!view.has_address(link->index, address)) {
      add(DriftKind::address_missing, object, "lacks address " + address);
    }
    for (Route& route : routes) {
      route.index = link->index;
      if (view.has_route(route)) continue;
      add(DriftKind::route_missing, object,
          "lacks the route to " + (route.destination.empty() ? "default" : route.destination));
    }
  }

  void filter(const FilterState& state, const std::string& rules, const std::set<Edge>& edges,
              const std::set<Source>& sources) {
    if (!state.present) return add(DriftKind::rules_changed, "table inet allod", "is missing");
    if (state.rules != rules) {
      add(DriftKind::rules_changed, "table inet allod", first_difference(rules, state.rules));
    }
    for (const Edge& edge : edges) {
      if (!state.edges.contains(edge)) add(DriftKind::edge_missing, describe(edge), "is missing");
    }
    for (const Edge& edge : state.edges) {
      if (!edges.contains(edge)) add(DriftKind::edge_foreign, describe(edge), "is not declared");
    }
    if (state.sources != sources) {
      add(DriftKind::source_changed, "set sources", "differs from the components' addresses");
    }
  }

 private:
  static std::string first_difference(const std::string& wanted, const std::string& found) {
    std::size_t line_start = 0;
    const std::size_t common = std::min(wanted.size(), found.size());
    for (std::size_t at = 0; at < common && wanted[at] == found[at]; ++at) {
      if (wanted[at] == '\n') line_start = at + 1;
    }
    const auto line = [&](const std::string& text) {
      if (line_start >= text.size()) return std::string("nothing");
      const std::string rest = text.substr(line_start, text.find('\n', line_start) - line_start);
      const std::size_t word = rest.find_first_not_of("\t ");
      return word == std::string::npos ? std::string("nothing") : "\"" + rest.substr(word) + "\"";
    };
    return "has " + line(found) + " where " + line(wanted) + " should be";
  }

  std::vector<Drift>& drifts_;
};

} // namespace

const char* to_string(DriftKind kind) {
  switch (kind) {
  case DriftKind::namespace_missing:
    return "namespace-missing";
  case DriftKind::link_missing:
    return "link-missing";
  case DriftKind::address_missing:
    return "address-missing";
  case DriftKind::route_missing:
    return "route-missing";
  case DriftKind::forwarding_off:
    return "forwarding-off";
  case DriftKind::rules_changed:
    return "rules-changed";
  case DriftKind::edge_missing:
    return "edge-missing";
  case DriftKind::edge_foreign:
    return "edge-foreign";
  case DriftKind::source_changed:
    return "source-changed";
  case DriftKind::namespace_foreign:
    return "namespace-foreign";
  }
  return "unknown";
}

Status Network::verify_router(std::vector<Drift>& drifts) const {
  const std::string space = router_name(spec_.stack);
  Comparison compare(drifts);
  if (!namespace_exists(space)) {
    compare.add(DriftKind::namespace_missing, "namespace " + space, "is missing");
    return {};
  }
  const Result<std::string> expected = rules();
  if (!expected) return Error(expected.error());
  return run_in_namespace(router_namespace(), [&]() -> Status {
    const Result<NetworkView> view = view_network();
    if (!view) return Error(view.error());
    const Result<FilterState> filter = read_filter();
    if (!filter) return Error(filter.error());
    if (!view->forwarding) {
      compare.add(DriftKind::forwarding_off, "namespace " + space, "does not forward");
    }
    compare.link(*view, space, "lo", spec_.router_address, {});
    std::set<Source> sources;
    for (const NetworkComponent& component : spec_.components) {
      const std::string link = link_name(component.name);
      sources.insert({link, component.address});
      compare.link(*view, space, link, kNextHop,
                   {{component.address, 32, "", 0, spec_.router_address}});
    }
    compare.filter(*filter, *expected, {edges_.begin(), edges_.end()}, sources);
    return {};
  });
}

Status Network::verify_component(const NetworkComponent& component,
                                 std::vector<Drift>& drifts) const {
  const std::string space = component_name(spec_.stack, component.name);
  Comparison compare(drifts);
  if (!namespace_exists(space)) {
    compare.add(DriftKind::namespace_missing, "namespace " + space, "is missing");
    return {};
  }
  return run_in_namespace(component_namespace(component.name), [&]() -> Status {
    const Result<NetworkView> view = view_network();
    if (!view) return Error(view.error());
    compare.link(*view, space, "eth0", component.address,
                 {{kNextHop, 32, "", 0, ""}, {"", 0, kNextHop, 0, ""}});
    compare.link(*view, space, "lo", "127.0.0.1", {});
    return {};
  });
}

Result<std::vector<Drift>> Network::verify() const {
  const std::string doing = "looking at the network of stack " + spec_.stack;
  std::vector<Drift> drifts;
  if (Status seen = verify_router(drifts); !seen) return std::move(seen).error().during(doing);
  std::set<std::string> declared = {router_name(spec_.stack)};
  for (const NetworkComponent& component : spec_.components) {
    declared.insert(component_name(spec_.stack, component.name));
    if (Status seen = verify_component(component, drifts); !seen) {
      return std::move(seen).error().during(doing);
    }
  }
  for (const std::string& name : namespaces_of(spec_.stack)) {
    if (!declared.contains(name)) {
      drifts.push_back({DriftKind::namespace_foreign, "namespace " + name, "is not declared"});
    }
  }
  return drifts;
}

Result<std::vector<Drift>> Network::repair() {
  Result<std::vector<Drift>> drifts = verify();
  if (!drifts || drifts->empty()) return drifts;
  Status repaired = build();
  if (repaired) repaired = apply(edges_);
  if (!repaired) return std::move(repaired).error().during("repairing the network");
  return drifts;
}

} // namespace allod::host
