#include "agent/unit_definition.h"

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "agent/event_log.h"
#include "agent/machine_ids.h"

namespace allod::agent {
namespace {

using document::Value;
using std::chrono::milliseconds;

Error bad(const graph::Resource& resource, const std::string& why) {
  return Error(ErrorCode::invalid_input, resource.id + ": " + why);
}

std::optional<ProbeDefinition> probe_of(const Value& spec) {
  const Value* ready = spec.find("ready");
  if (ready == nullptr || !ready->is_map()) return std::nullopt;
  ProbeDefinition probe;
  probe.exec = ready->strings_at("exec");
  if (const Value* http = ready->find("http")) {
    ProbeDefinition::Http definition;
    definition.port = static_cast<int>(http->integer_or("port", 0));
    definition.path = http->string_or("path", "/");
    definition.contains = http->string_or("contains", "");
    definition.plain = http->boolean_or("plain", false);
    if (const Value* status = http->find("status"); status != nullptr && status->is_list()) {
      for (const Value& code : status->items()) {
        if (code.is_integer()) definition.status.insert(static_cast<int>(code.as_integer()));
      }
    }
    if (definition.status.empty()) definition.status.insert(200);
    probe.http = std::move(definition);
  }
  if (const Value* tcp = ready->find("tcp")) {
    probe.tcp = static_cast<int>(tcp->integer_or("port", 0));
  }
  probe.interval = milliseconds(ready->integer_or("intervalMilliseconds", 10000));
  probe.timeout = milliseconds(ready->integer_or("timeoutMilliseconds", 5000));
  probe.failures = static_cast<int>(ready->integer_or("failures", 3));
  probe.start_timeout = milliseconds(ready->integer_or("startTimeoutMilliseconds", 120000));
  return probe;
}

Status take_identity(UnitDefinition& unit, const graph::Resource& resource) {
  const Value* identity = unit.spec.find("identity");
  if (identity == nullptr || !identity->is_map()) return {};
  unit.has_identity = true;
  unit.bundle_restart = identity->string_or("bundle", "") == "restart";
  unit.workload_api = identity->boolean_or("workloadApi", false);
  unit.clients_restart = identity->string_or("clients", "") == "restart";
  const Value* reload = identity->find("reload");
  if (reload == nullptr || !reload->is_map()) return {};
  unit.reload.rewrite = reload->string_or("rewrite", "");
  unit.reload.command = reload->strings_at("command");
  unit.reload.restart = reload->boolean_or("restart", false);
  const std::string signal = reload->string_or("signal", "");
  if (signal.empty()) return {};
  const Result<int> number = signal_number(signal);
  if (!number) return bad(resource, "identity.reload: " + number.error().message());
  unit.reload.signal = *number;
  return {};
}

Status take_stop(UnitDefinition& unit, const graph::Resource& resource) {
  const Value* stop = unit.spec.find("stop");
  if (stop == nullptr || !stop->is_map()) return {};
  unit.grace = milliseconds(stop->integer_or("graceMilliseconds", 10000));
  const Result<int> number = signal_number(stop->string_or("signal", "TERM"));
  if (!number) return bad(resource, "stop: " + number.error().message());
  unit.stop_signal = *number;
  return {};
}

Status take_user(UnitDefinition& unit, const graph::Resource& resource, const graph::Graph& graph,
                 std::uint32_t first_user) {
  const Value* slot = unit.spec.at_path({"user", "slot"});
  const std::string name = slot != nullptr && slot->is_string() ? slot->as_string() : unit.name;
  const auto found = graph.allocations.users.find(name);
  if (found == graph.allocations.users.end()) {
    return bad(resource, "no user id is allocated for " + name);
  }
  if (found->second < 0 || static_cast<std::uint32_t>(found->second) >= kUserIdsPerStack) {
    return bad(resource,
               "a stack has " + std::to_string(kUserIdsPerStack) + " user ids, and all are taken");
  }
  unit.user = first_user + static_cast<std::uint32_t>(found->second);
  return {};
}

std::string title_of(const graph::Resource& resource, const graph::Graph& graph) {
  if (resource.kind != graph::ResourceKind::unit) return name_of(resource.id);
  int services = 0;
  for (const graph::Resource& other : graph.resources) {
    if (other.kind == graph::ResourceKind::unit && other.component == resource.component &&
        other.spec.string_or("kind", "service") == "service") {
      ++services;
    }
  }
  return services == 1 ? resource.component : name_of(resource.id);
}

void take_lists(UnitDefinition& unit) {
  if (const Value* sockets = unit.spec.find("sockets"); sockets != nullptr && sockets->is_list()) {
    for (const Value& socket : sockets->items()) {
      unit.sockets[socket.string_or("name", "")] = {
          socket.string_or("address", "127.0.0.1"),
          static_cast<std::uint16_t>(socket.integer_or("port", 0))};
    }
  }
  if (const Value* volumes = unit.spec.find("volumes"); volumes != nullptr && volumes->is_list()) {
    for (const Value& volume : volumes->items()) {
      unit.volumes.emplace_back(name_of(volume.string_or("volume", "")),
                                volume.string_or("path", ""));
    }
  }
}

std::set<std::string> units_behind(const graph::Resource& resource, const graph::Graph& graph) {
  std::set<std::string> names;
  for (const std::string& id : resource.depends_on) {
    const graph::Resource* binding = graph.find(id);
    if (binding == nullptr || binding->kind != graph::ResourceKind::binding) continue;
    for (const std::string& unit : binding->spec.strings_at("ready"))
      names.insert(name_of(unit));
  }
  return names;
}

} // namespace

Result<UnitDefinition> unit_definition(const graph::Resource& resource, const graph::Graph& graph,
                                       std::uint32_t first_user) {
  UnitDefinition unit;
  unit.name = name_of(resource.id);
  unit.resource = resource.id;
  unit.component = resource.component;
  const Value* run = resource.spec.find("run");
  unit.spec = resource.kind == graph::ResourceKind::step && run != nullptr ? *run : resource.spec;
  unit.title = title_of(resource, graph);
  // A step may bear the name of a unit.
  if (resource.kind == graph::ResourceKind::step) unit.name += ".step";
  unit.session = unit.spec.string_or("kind", "service") != "service";
  if (const graph::Resource* network = graph.find("network/" + resource.component)) {
    unit.address = network->spec.string_or("address", "");
  }
  if (const Value* image = unit.spec.find("image")) {
    unit.image_name = image->string_or("name", "");
    unit.image_key = image->string_or("key", "");
  }
  if (unit.spec.strings_at("command").empty() && !unit.session) {
    return bad(resource, "has no command");
  }
  if (Status user = take_user(unit, resource, graph, first_user); !user) {
    return std::move(user).error();
  }
  Status taken = take_identity(unit, resource);
  if (taken) taken = take_stop(unit, resource);
  if (!taken) return std::move(taken).error();
  unit.probe = probe_of(unit.spec);
  unit.leans_on = units_behind(resource, graph);
  take_lists(unit);
  return unit;
}

Result<int> signal_number(const std::string& name) {
  const std::string plain = name.starts_with("SIG") ? name.substr(3) : name;
  if (!plain.empty() && plain.find_first_not_of("0123456789") == std::string::npos) {
    const int number = std::atoi(plain.c_str());
    if (number >= 1 && number <= 64) return number;
  }
  for (int number = 1; number < 32; ++number) {
    const char* known = ::sigabbrev_np(number);
    if (known != nullptr && plain == known) return number;
  }
  return Error(ErrorCode::invalid_input, "\"" + name + "\" is no signal");
}

} // namespace allod::agent
