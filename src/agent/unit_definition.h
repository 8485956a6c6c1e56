// A unit or a step's container as the agent needs it at any later time, without the graph at hand:
// for restarts, renewals and when the graph has already changed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

#include "agent/listener_keeper.h"
#include "base/result.h"
#include "document/value.h"
#include "graph/resource.h"

namespace allod::agent {

struct ProbeDefinition {
  std::vector<std::string> exec; ///< a command inside the unit
  struct Http {
    int port = 0;
    std::string path;
    std::set<int> status;
    std::string contains;
    bool plain = false;
  };
  std::optional<Http> http;
  std::optional<int> tcp; ///< a port
  std::chrono::milliseconds interval{10000};
  std::chrono::milliseconds timeout{5000};
  int failures = 3; ///< in a row, then the unit is restarted
  std::chrono::milliseconds start_timeout{120000};
};

/// What a unit does with renewed certificates.
struct ReloadDefinition {
  int signal = 0;                   ///< to its first process
  std::string rewrite;              ///< one of its files, written anew with the same content
  std::vector<std::string> command; ///< run inside
  bool restart = false;
  [[nodiscard]] bool nothing() const {
    return signal == 0 && rewrite.empty() && command.empty() && !restart;
  }
};

struct UnitDefinition {
  std::string name;     ///< postgresql.server; also the container's id
  std::string resource; ///< unit/postgresql.server
  std::string component;
  std::string title;    ///< for messages: the component, when this is its only unit
  document::Value spec; ///< docs/graph.md, of a unit or of a step's `run`
  std::string address;  ///< the component's
  uid_t user = 0;
  bool session = false;

  bool has_identity = false;
  bool bundle_restart = false; ///< changed roots restart it
  bool workload_api = false;   ///< sees the SPIFFE Workload API
  ReloadDefinition reload;
  bool clients_restart = false; ///< a changed set of clients restarts it
  std::optional<ProbeDefinition> probe;
  std::set<std::string> leans_on;                           ///< units behind its bindings, by name
  std::map<std::string, ListenAddress> sockets;             ///< by name
  std::vector<std::pair<std::string, std::string>> volumes; ///< (COMPONENT.NAME, path inside)
  std::string image_name;
  std::string image_key;
  int stop_signal = 15;
  std::chrono::milliseconds grace{10000};
};

/// From a resource of kind unit, or a step with `run`. `first_user` is the stack's block of ids.
/// Errors: invalid_input, naming the field.
Result<UnitDefinition> unit_definition(const graph::Resource& resource, const graph::Graph& graph,
                                       std::uint32_t first_user);

/// "HUP" or "SIGHUP" or "1" as a number. Errors: invalid_input.
Result<int> signal_number(const std::string& name);

} // namespace allod::agent
