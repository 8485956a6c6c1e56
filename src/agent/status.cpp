#include "agent/status.h"

#include <cstdlib>
#include <map>

#include <sys/statvfs.h>

#include "agent/backup_keeper.h"
#include "base/files.h"

namespace allod::agent {
namespace {

using document::Value;
using graph::ResourceKind;

Value integer(std::uint64_t number) {
  return Value(static_cast<std::int64_t>(number));
}

Value unit_value(const UnitView& view, const Machinery& machinery) {
  Value value = Value::map();
  value.set("state", to_string(view.state));
  value.set("since", format_rfc3339(view.since));
  value.set("restarts", view.restarts);
  value.set("image", view.definition->image_name);
  if (!view.last_error.empty()) value.set("lastError", view.last_error);
  if (const auto end = machinery.identities.end_of(view.definition->name)) {
    value.set("certificateEnd", format_rfc3339(*end));
  }
  if (!view.container) return value;
  value.set("pid", static_cast<std::int64_t>(view.container->pid()));
  const Result<host::ResourceUsage> usage = view.container->usage();
  if (!usage) return value;
  value.set("memoryBytes", integer(usage->memory));
  value.set("memoryLimitBytes", integer(usage->memory_limit));
  value.set("cpuMicroseconds", Value(static_cast<std::int64_t>(usage->cpu.count())));
  value.set("processes", integer(usage->processes));
  return value;
}

/// Every component of the recorded graph, with its units as stopped until something else is known.
Value components_value(const graph::Graph& recorded, const char* state) {
  Value components = Value::map();
  const auto component = [&](const std::string& name) -> Value& {
    if (!components.contains(name)) {
      Value fresh = Value::map();
      fresh.set("address", "");
      fresh.set("units", Value::map());
      components.set(name, std::move(fresh));
    }
    return *components.find(name);
  };
  for (const graph::Resource& resource : recorded.resources) {
    if (resource.kind == ResourceKind::network) {
      component(resource.component).set("address", resource.spec.string_or("address", ""));
    }
    if (resource.kind != ResourceKind::unit) continue;
    if (resource.spec.string_or("kind", "service") != "service") continue;
    Value unit = Value::map();
    unit.set("state", state);
    component(resource.component)
        .find("units")
        ->set(name_of(resource.id).substr(resource.component.size() + 1), std::move(unit));
  }
  return components;
}

void add_views(const Machinery& machinery, Value& components) {
  for (const UnitView& view : machinery.supervisor.views()) {
    const UnitDefinition& definition = *view.definition;
    Value* component = components.find(definition.component);
    if (component == nullptr) {
      Value fresh = Value::map();
      fresh.set("address", definition.address);
      fresh.set("units", Value::map());
      components.set(definition.component, std::move(fresh));
      component = components.find(definition.component);
    }
    component->find("units")->set(definition.name.substr(definition.component.size() + 1),
                                  unit_value(view, machinery));
  }
}

/// Connections that no edge allows, by component where an address is one's.
Value refused_value(const Machinery& machinery, const Value& components) {
  std::map<std::string, std::string> names;
  for (const document::Member& component : components.members())
    names[component.value.string_or("address", "")] = component.key;
  Value list = Value::list();
  const auto refused = machinery.network.refused();
  if (!refused) return list;
  for (const host::RefusedConnection& connection : *refused) {
    Value value = Value::map();
    for (const auto& [key, address] : {std::pair("source", connection.source),
                                       std::pair("destination", connection.destination)}) {
      const auto name = names.find(address);
      value.set(key, name == names.end() ? address : name->second);
    }
    value.set("port", static_cast<int>(connection.port));
    value.set("packets", integer(connection.packets));
    list.push(std::move(value));
  }
  return list;
}

/// COMPONENT.NAME → what fits and what is free, for unlocked volumes.
Value volumes_value(const Machinery& machinery) {
  Value volumes = Value::map();
  for (const std::string& name : machinery.volumes->list()) {
    const Result<std::string> path = machinery.volumes->path(name);
    struct statvfs facts {};
    if (!path || ::statvfs(path->c_str(), &facts) != 0) continue;
    Value volume = Value::map();
    volume.set("capacityBytes", integer(std::uint64_t{facts.f_blocks} * facts.f_frsize));
    volume.set("availableBytes", integer(std::uint64_t{facts.f_bavail} * facts.f_frsize));
    volumes.set(name, std::move(volume));
  }
  return volumes;
}

Value troubles_value(const Troubles& troubles) {
  Value list = Value::list();
  for (const Trouble& trouble : troubles.list()) {
    Value entry = Value::map();
    entry.set("what", trouble.what);
    entry.set("detail", trouble.detail);
    entry.set("wayOut", trouble.way_out);
    entry.set("since", format_rfc3339(trouble.since));
    list.push(std::move(entry));
  }
  return list;
}

} // namespace

Value token_value(trust::Token& token) {
  const trust::TokenDescription& description = token.description();
  Value value = Value::map();
  value.set("line", description.line());
  value.set("software", description.software);
  value.set("label", description.token_label);
  value.set("manufacturer", description.manufacturer);
  value.set("model", description.token_model);
  return value;
}

Result<Value> status_value(State& state, Machinery* machinery, const Troubles& troubles) {
  Result<std::optional<graph::Graph>> recorded = state.recorded();
  if (!recorded) return std::move(recorded).error();
  const Result<std::vector<ResourceStatus>> statuses = state.statuses();
  if (!statuses) return statuses.error();
  Value value = Value::map();
  const Result<bool> running = state.wanted_running();
  const bool unwatched = machinery == nullptr && running && *running;
  Value components =
      *recorded ? components_value(**recorded, unwatched ? "unwatched" : "stopped") : Value::map();
  if (machinery != nullptr) {
    add_views(*machinery, components);
    value.set("token", token_value(machinery->keys->token()));
    if (const auto end = machinery->identities.agent_end()) {
      value.set("agentCertificateEnd", format_rfc3339(*end));
    }
    value.set("refused", refused_value(*machinery, components));
    value.set("volumes", volumes_value(*machinery));
  }
  value.set("components", std::move(components));
  value.set("troubles", troubles_value(troubles));
  if (const auto settings = *recorded ? backup_settings(**recorded) : std::nullopt;
      settings && settings->every.count() > 0) {
    const BackupRecord backup = last_backup(state, *settings);
    Value entry = Value::map();
    entry.set("last", backup.run);
    if (!backup.run.empty()) {
      entry.set("began", format_rfc3339(backup.began));
      entry.set("milliseconds", static_cast<std::int64_t>(backup.took.count()));
      entry.set("bytes", backup.bytes);
    }
    entry.set("everyMilliseconds", static_cast<std::int64_t>(backup.every.count()));
    value.set("backup", std::move(entry));
  }
  Value failed = Value::list();
  for (const ResourceStatus& status : *statuses) {
    if (status.status != "failed") continue;
    Value entry = Value::map();
    entry.set("id", status.id);
    entry.set("error", status.error);
    entry.set("updated", status.updated);
    failed.push(std::move(entry));
  }
  value.set("failed", std::move(failed));
  return value;
}

std::int64_t own_memory() {
  const std::string text = read_file("/proc/self/smaps_rollup").value_or(std::string());
  const std::size_t at = text.find("\nPss:");
  return at == std::string::npos ? 0 : std::strtoll(text.c_str() + at + 5, nullptr, 10) * 1024;
}

} // namespace allod::agent
