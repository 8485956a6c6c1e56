// The resource graph: what a stack compiles into, and what every back end reads. docs/graph.md
// shows the shape of each kind's spec.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::graph {

enum class ResourceKind { network, rule, identity, secret, volume, unit, step, binding, backup };
[[nodiscard]] std::string_view to_string(ResourceKind kind);

/// Where a part of a spec comes from: kept from the moment it is computed, for `plan` and
/// `explain`.
struct Origin {
  std::string path;       ///< in the spec: files["/etc/x.conf"].content.max_connections
  std::string expression; ///< the template, as written
  Place place;            ///< of the template in the catalogue
  struct Input {
    std::string name; ///< "parameters.maxConnections"
    Place place;      ///< where that value was written, if anywhere
  };
  std::vector<Input> inputs;
};

struct Resource {
  std::string id; ///< KIND/COMPONENT[.NAME[.NAME]], for instance unit/postgresql.server
  ResourceKind kind = ResourceKind::unit;
  std::string component;
  document::Value spec = document::Value::map();
  std::vector<std::string> depends_on; ///< ids, sorted, without doubles
  std::vector<Origin> origins;

  [[nodiscard]] const Origin* origin_of(std::string_view path) const; ///< longest prefix wins
};

/// Identifiers that, once given, must never move: kept with the recorded graph.
struct Allocations {
  std::map<std::string, int>
      addresses; ///< component → host part: 10.66.(n / 256).(n % 256); from 2 on
  std::map<std::string, int>
      users; ///< COMPONENT.UNIT → offset from the stack's first user id; from 0 on
  std::map<std::string, int> outlets; ///< COMPONENT.NAME → port of the agent; from 8800 on
};

/// The dotted IPv4 address of a component. 10.66.0.1 is the router, where the agent listens.
[[nodiscard]] std::string address_of(int host_part);
inline constexpr std::string_view kRouterAddress = "10.66.0.1";

/// A whole compiled stack.
struct Graph {
  std::string stack;
  document::Value settings = document::Value::map(); ///< docs/graph.md, "Settings"
  Allocations allocations;
  std::vector<Resource> resources; ///< in an order in which dependencies come first

  [[nodiscard]] const Resource* find(std::string_view id) const;
};

[[nodiscard]] document::Value to_value(const Graph& graph);
/// Errors: invalid_input when the value is not a graph (a state file of another version).
Result<Graph> graph_from_value(const document::Value& value);

/// Sorts so that dependencies come first. Errors: invalid_input that names a cycle, and what is
/// missing when a resource depends on one that does not exist.
Status sort_by_dependency(std::vector<Resource>& resources);

} // namespace allod::graph
