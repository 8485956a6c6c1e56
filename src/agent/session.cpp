#include "agent/session.h"

#include "base/files.h"
#include "base/hash.h"
#include "base/process.h"
#include "base/text.h"
#include "document/json_reader.h"
#include "document/json_writer.h"
#include "host/bundle.h"
#include "host/cgroups.h"

namespace allod::agent {
namespace {

using document::Value;
using graph::Resource;
using graph::ResourceKind;

/// In the names of sessions, before what tells them apart.
constexpr std::string_view kMark = ".session-";

bool is_session(const Resource& resource) {
  return resource.kind == ResourceKind::unit &&
         resource.spec.string_or("kind", "service") == "session";
}

Result<const Resource*> find_session(const graph::Graph& graph, const Value& params) {
  const std::string component = params.string_or("component", "");
  const std::string unit = params.string_or("unit", "");
  for (const Resource& resource : graph.resources) {
    if (resource.component != component || !is_session(resource)) continue;
    if (unit.empty() || name_of(resource.id) == component + "." + unit) return &resource;
  }
  return Error(ErrorCode::not_found, "component " + component + " has no sandbox" +
                                         (unit.empty() ? "" : " called " + unit));
}

void take_params(UnitDefinition& session, const Value& params) {
  if (const Value* command = params.find("command");
      command != nullptr && command->is_list() && command->size() > 0) {
    session.spec.set("command", *command);
  }
  const Value* given = params.find("environment");
  if (given == nullptr || !given->is_map()) return;
  Value environment = Value::map();
  if (const Value* own = session.spec.find("environment"); own != nullptr && own->is_map()) {
    environment = *own;
  }
  for (const document::Member& member : given->members())
    environment.set(member.key, member.value);
  session.spec.set("environment", std::move(environment));
}

/// The host target's bundles are for services: a person wants a terminal.
Status ask_for_terminal(const std::string& bundle) {
  const std::string path = bundle + "/config.json";
  Result<std::string> text = read_file(path);
  if (!text) return std::move(text).error();
  Result<Value> config = document::read_json(path, *text);
  if (!config) return std::move(config).error();
  if (Value* process = config->find("process")) process->set("terminal", true);
  return write_file(path, document::write_json(*config));
}

Value runtime_value(const Machinery& machinery) {
  const UnitLauncher::Parts& parts = machinery.launcher.parts();
  Value value = Value::map();
  value.set("runtime", parts.runtime.path);
  value.set("runtimeRoot", parts.places.host().runtime_root());
  return value;
}

} // namespace

Result<Value> Sessions::prepare(const graph::Graph& graph, const Value& params,
                                std::uint64_t client) {
  const Result<const Resource*> resource = find_session(graph, params);
  if (!resource) return resource.error();
  Result<UnitDefinition> session = unit_definition(**resource, graph, machinery_.first_user);
  if (!session) return std::move(session).error();
  session->name += std::string(kMark) + random_password(6);
  take_params(*session, params);
  {
    const std::lock_guard lock(mutex_);
    sessions_[session->name] = client;
  }
  const auto give_up = [&](Error error) {
    Status ended = end(session->name);
    return ended ? std::move(error) : std::move(error).with_hint(ended.error().message());
  };
  Result<host::ContainerSpec> spec = machinery_.launcher.prepare(*session);
  if (!spec) return give_up(std::move(spec).error());
  const host::HostPaths paths = machinery_.given.places.host();
  const Result<host::Cgroups> cgroups = host::Cgroups::detect();
  if (!cgroups) return give_up(cgroups.error());
  Status written = make_directories(paths.runtime_root(), 0700);
  if (written) written = host::write_bundle(paths, *spec, host::MachineFacts::detect(*cgroups));
  if (written && params.boolean_or("terminal", false)) {
    written = ask_for_terminal(paths.bundle(session->name));
  }
  if (!written) return give_up(std::move(written).error());
  machinery_.given.events.tell((*resource)->id, "a session was opened");
  Value value = runtime_value(machinery_);
  value.set("id", session->name);
  value.set("bundle", paths.bundle(session->name));
  return value;
}

void Sessions::sweep() {
  const Places& places = machinery_.given.places;
  const std::string runtime = machinery_.launcher.parts().runtime.path;
  for (const std::string& name :
       list_directory(places.run() + "/files").value_or(std::vector<std::string>())) {
    if (name.find(kMark) == std::string::npos) continue;
    {
      const std::lock_guard lock(mutex_);
      if (sessions_.contains(name)) continue;
    }
    Command question;
    question.arguments = {runtime, "--root", places.host().runtime_root(), "state", name};
    const Result<std::string> answer = run_checked(question);
    if (answer && answer->find("\"running\"") != std::string::npos) continue;
    Status gone = machinery_.launcher.remove(name);
    machinery_.given.events.tell("unit/" + name, "a session of an earlier agent has ended",
                                 "removed", gone ? "" : gone.error().describe());
  }
}

Status Sessions::end(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (sessions_.erase(id) == 0) return {};
  }
  return machinery_.launcher.remove(id);
}

void Sessions::end_all_of(std::uint64_t client) {
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, owner] : sessions_) {
      if (owner == client) ids.push_back(id);
    }
  }
  for (const std::string& id : ids) {
    if (Status ended = end(id); !ended) {
      machinery_.given.events.tell("unit/" + id, "a session could not be removed", "",
                                   ended.error().describe());
    }
  }
}

void Sessions::end_all() {
  std::vector<std::uint64_t> clients;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, client] : sessions_)
      clients.push_back(client);
  }
  for (const std::uint64_t client : clients)
    end_all_of(client);
}

Result<Value> Sessions::find_unit(const Value& params) {
  const std::string component = params.string_or("component", "");
  const std::string unit = params.string_or("unit", "");
  // Of several, the one that is named for what the component is.
  const std::string usual = component + ".server";
  std::vector<UnitView> running;
  std::vector<std::string> names;
  for (UnitView& view : machinery_.supervisor.views()) {
    const UnitDefinition& definition = *view.definition;
    if (definition.component != component || !view.container) continue;
    if (!unit.empty() && definition.name != component + "." + unit) continue;
    if (unit.empty() && definition.name == usual) {
      running.clear();
      running.push_back(std::move(view));
      break;
    }
    names.push_back(definition.name);
    running.push_back(std::move(view));
  }
  if (running.empty()) {
    return Error(ErrorCode::not_found, "no unit of component " + component + " runs");
  }
  if (running.size() > 1) {
    return Error(ErrorCode::not_found, component + " has several units: " + join(names, ", "))
        .with_hint("say which: allod exec " + names.front() + " -- …");
  }
  const UnitDefinition& definition = *running.front().definition;
  Value value = runtime_value(machinery_);
  value.set("id", definition.name);
  value.set("user", static_cast<std::int64_t>(definition.user));
  const Value* home = definition.spec.at_path({"user", "home"});
  value.set("home", home != nullptr && home->is_string() ? home->as_string() : "/");
  return value;
}

} // namespace allod::agent
