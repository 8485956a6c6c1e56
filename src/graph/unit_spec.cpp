#include "graph/unit_spec.h"

#include "base/files.h"
#include "base/text.h"

namespace allod::graph {
namespace {

using document::Member;
using document::PathStep;
using document::Value;

constexpr std::size_t kFileLimit = 8U << 20;

Result<Value> size_of(const Value& value) {
  if (value.is_integer()) return value;
  const Result<std::uint64_t> size = value.is_string()
                                         ? parse_size(value.as_string())
                                         : Error(ErrorCode::invalid_input, "a size is needed here");
  if (!size) return Error(size.error()).at(value.mark().place());
  return Value(static_cast<std::int64_t>(*size));
}

Result<Value> duration_of(const Value& map, std::string_view key, std::string_view fallback) {
  const Value* value = map.find(key);
  const Result<std::int64_t> milliseconds = parse_duration(
      value == nullptr || !value->is_string() ? fallback : std::string_view(value->as_string()));
  if (!milliseconds) return Error(milliseconds.error()).at(value->mark().place());
  return Value(*milliseconds);
}

/// "bao" of provider openbao → openbao/bao; PROVIDER/IMAGE stays.
Result<Value> image_of(const Value& body, const UnitSurroundings& surroundings) {
  const Value* image = body.find("image");
  std::string name = image->as_string();
  if (name.find('/') == std::string::npos)
    name = surroundings.component->provider->name + "/" + name;
  Result<std::string> key = (*surroundings.image_key)(name);
  if (!key) return Error(key.error()).at(image->mark().place());
  Value result = Value::map();
  result.set("name", name);
  result.set("key", *key);
  return result;
}

Result<Value> files_of(const Value& body, const std::string& folder) {
  Value result = Value::map();
  const Value* files = body.find("files");
  if (files == nullptr) return result;
  for (const Member& file : files->members()) {
    Value entry = Value::map();
    if (const Value* from = file.value.find("from")) {
      Result<std::string> text = read_file(folder + "/" + from->as_string(), kFileLimit);
      if (!text) return Error(text.error()).at(from->mark().place());
      entry.set("format", "text");
      entry.set("options", Value::map());
      entry.set("content", std::move(*text));
    } else {
      const Value* options = file.value.find("options");
      entry.set("format", file.value.string_or("format", "text"));
      entry.set("options", options == nullptr ? Value::map() : *options);
      entry.set("content", *file.value.find("content"));
    }
    entry.set("change", file.value.string_or("change", "restart"));
    result.set(file.key, std::move(entry));
  }
  return result;
}

Result<Value> writable_of(const Value& body) {
  Value result = Value::list();
  const Value* writable = body.find("writable");
  if (writable == nullptr) return result;
  for (const Member& member : writable->members()) {
    Result<Value> size = size_of(member.value);
    if (!size) return size;
    Value entry = Value::map();
    entry.set("path", member.key);
    entry.set("sizeBytes", std::move(*size));
    result.push(std::move(entry));
  }
  return result;
}

Value volumes_of(const Value& body, const stack::Component& component) {
  Value result = Value::list();
  for (const std::string& name : body.strings_at("volumes")) {
    for (const catalogue::VolumeRecipe& volume : component.provider->volumes) {
      if (volume.name != name) continue;
      Value entry = Value::map();
      entry.set("volume", "volume/" + component.name + "." + name);
      entry.set("path", volume.path);
      result.push(std::move(entry));
    }
  }
  return result;
}

Value sockets_of(const Value& body) {
  Value result = Value::list();
  const Value* sockets = body.find("sockets");
  if (sockets == nullptr) return result;
  for (const Member& socket : sockets->members()) {
    Value entry = Value::map();
    entry.set("name", socket.key);
    entry.set("address", *socket.value.find("address"));
    entry.set("port", *socket.value.find("port"));
    result.push(std::move(entry));
  }
  return result;
}

/// Replaces port names by numbers.
Value numbered_port(Value probe, const Value& ports) {
  Value* port = probe.find("port");
  if (port != nullptr && port->is_string()) *port = Value(ports.integer_or(port->as_string(), 0));
  return probe;
}

Result<Value> ready_of(const Value& ready, const Value& ports) {
  Value result = Value::map();
  if (const Value* exec = ready.find("exec")) result.set("exec", *exec);
  if (const Value* tcp = ready.find("tcp")) result.set("tcp", numbered_port(*tcp, ports));
  if (const Value* http = ready.find("http")) {
    Value probe = numbered_port(*http, ports);
    if (!probe.contains("status")) probe.set("status", Value(Value::List{Value(200)}));
    if (!probe.contains("plain")) probe.set("plain", false);
    result.set("http", std::move(probe));
  }
  struct Field {
    const char* from;
    const char* to;
    const char* fallback;
  };
  for (const Field& field : {Field{"interval", "intervalMilliseconds", "10s"},
                             Field{"timeout", "timeoutMilliseconds", "5s"},
                             Field{"startTimeout", "startTimeoutMilliseconds", "120s"}}) {
    Result<Value> milliseconds = duration_of(ready, field.from, field.fallback);
    if (!milliseconds) return milliseconds;
    result.set(field.to, std::move(*milliseconds));
  }
  result.set("failures", ready.integer_or("failures", 3));
  return result;
}

Result<Value> stop_of(const Value& body) {
  const Value* stop = body.find("stop");
  const Value none = Value::map();
  const Value& given = stop == nullptr ? none : *stop;
  Result<Value> grace = duration_of(given, "grace", "10s");
  if (!grace) return grace;
  Value result = Value::map();
  result.set("signal", given.string_or("signal", "TERM"));
  result.set("graceMilliseconds", std::move(*grace));
  return result;
}

Result<Value> resources_of(const Value& body) {
  const Value* resources = body.find("resources");
  Value result = Value::map();
  const Value* memory = resources == nullptr ? nullptr : resources->find("memory");
  Result<Value> bytes = size_of(memory == nullptr ? Value("256Mi") : *memory);
  if (!bytes) return bytes;
  result.set("memoryBytes", std::move(*bytes));
  result.set("pids", resources == nullptr ? 256 : resources->integer_or("pids", 256));
  return result;
}

/// The rules for reading the log, and its limit in bytes.
Result<Value> log_of(const Value& body) {
  const Value* given = body.find("log");
  Value result = given == nullptr ? Value::map() : *given;
  const Value* keep = result.find("keep");
  Result<Value> bytes = size_of(keep == nullptr ? Value("64Mi") : *keep);
  if (!bytes) return bytes;
  result.erase("keep");
  result.set("keepBytes", std::move(*bytes));
  return result;
}

Value user_of(const Value& body, const std::string& slot) {
  Value user = body.find("user") == nullptr ? Value::map() : *body.find("user");
  if (!user.contains("name")) user.set("name", split(slot, '.').back());
  if (!user.contains("home")) user.set("home", "/");
  user.set("slot", slot);
  return user;
}

/// The identity of a unit; the names of its clients are part of it only where a change must
/// restart.
Value identity_of(const Value& identity, const stack::Component& component) {
  Value result = Value::map();
  const Value* formats = identity.find("formats");
  const Value* reload = identity.find("reload");
  result.set("formats", formats == nullptr ? Value(Value::List{Value("pem")}) : *formats);
  result.set("reload", reload == nullptr ? Value::map() : *reload);
  if (identity.string_or("bundle", "reload") == "restart") result.set("bundle", "restart");
  if (identity.boolean_or("workloadApi", false)) result.set("workloadApi", true);
  if (identity.string_or("clients", "reload") == "restart") {
    Value names = Value::list();
    for (const auto& [offer, consumers] : component.consumers) {
      for (const stack::Consumer& consumer : consumers)
        names.push(consumer.component->name);
    }
    result.set("clients", std::move(names));
  }
  return result;
}

Value capabilities_of(const Value& body) {
  Value names = Value::list();
  const Value* capabilities = body.find("capabilities");
  if (capabilities == nullptr) return names;
  for (const Member& member : capabilities->members())
    names.push(member.key);
  return names;
}

/// Where backups go and how often.
Result<Value> repository_of(const Value& given) {
  Value result = Value::map();
  result.set("folder", given.string_or("folder", ""));
  result.set("password", given.string_or("password", ""));
  for (const auto& [from, to] :
       {std::pair("every", "everyMilliseconds"), std::pair("logEvery", "logEveryMilliseconds")}) {
    Result<Value> milliseconds = duration_of(given, from, "24h");
    if (!milliseconds) return milliseconds;
    result.set(to, std::move(*milliseconds));
  }
  result.set("keep", *given.find("keep"));
  return result;
}

Value environment_of(const Value& body) {
  const Value* environment = body.find("environment");
  return environment == nullptr ? Value::map() : *environment;
}

/// Sets a computed part, or gives its error.
Status put(Value& spec, std::string_view key, Result<Value> part) {
  if (!part) return std::move(part).error();
  spec.set(key, std::move(*part));
  return {};
}

} // namespace

Result<Value> unit_spec(const catalogue::UnitRecipe& unit, const Value& body, const Value& ports,
                        const UnitSurroundings& surroundings) {
  const stack::Component& component = *surroundings.component;
  Value spec = Value::map();
  spec.set("kind", body.string_or("kind", "service"));
  if (Status status = put(spec, "image", image_of(body, surroundings)); !status)
    return std::move(status).error();
  if (const Value* command = body.find("command")) spec.set("command", *command);
  spec.set("environment", environment_of(body));
  spec.set("workingDirectory", body.string_or("workingDirectory", "/"));
  spec.set("user", user_of(body, component.name + "." + unit.name));
  spec.set("ports", ports);
  spec.set("sockets", sockets_of(body));
  spec.set("volumes", volumes_of(body, component));
  if (Status status = put(spec, "writable", writable_of(body)); !status)
    return std::move(status).error();
  if (const Value* identity = body.find("identity"))
    spec.set("identity", identity_of(*identity, component));
  if (Status status = put(spec, "files", files_of(body, component.provider->folder)); !status) {
    return std::move(status).error();
  }
  spec.set("hosts", surroundings.hosts);
  if (const Value* ready = body.find("ready")) {
    if (Status status = put(spec, "ready", ready_of(*ready, ports)); !status)
      return std::move(status).error();
  }
  if (Status status = put(spec, "stop", stop_of(body)); !status) return std::move(status).error();
  if (Status status = put(spec, "resources", resources_of(body)); !status)
    return std::move(status).error();
  if (Status status = put(spec, "log", log_of(body)); !status) return std::move(status).error();
  spec.set("capabilities", capabilities_of(body));
  if (const Value* repository = body.find("repository")) {
    if (Status status = put(spec, "repository", repository_of(*repository)); !status)
      return std::move(status).error();
  }
  return spec;
}

Result<Value> step_run_spec(const Value& body, const Value& unit,
                            const UnitSurroundings& surroundings) {
  Value spec = Value::map();
  for (const char* key : {"image", "environment", "workingDirectory", "user", "volumes", "writable",
                          "identity", "hosts", "resources", "capabilities"}) {
    if (const Value* inherited = unit.find(key)) spec.set(key, *inherited);
  }
  if (body.contains("image")) {
    if (Status status = put(spec, "image", image_of(body, surroundings)); !status)
      return std::move(status).error();
  }
  spec.set("command", *body.find("command"));
  const Value own = environment_of(body);
  for (const Member& variable : own.members()) {
    spec.find("environment")->set(variable.key, variable.value);
  }
  if (Status status = put(spec, "files", files_of(body, surroundings.component->provider->folder));
      !status) {
    return std::move(status).error();
  }
  return spec;
}

Value step_http_spec(const Value& body, const std::string& address) {
  const Value& http = *body.find("http");
  Value requests = Value::list();
  for (const Value& request : http.find("requests")->items()) {
    Value entry = Value::map();
    for (const Member& member : request.members()) {
      const bool method = member.key == "get" || member.key == "post" || member.key == "put" ||
                          member.key == "patch" || member.key == "delete";
      if (!method) {
        entry.set(member.key, member.value);
        continue;
      }
      std::string upper = member.key;
      for (char& c : upper)
        c = static_cast<char>(c - 'a' + 'A');
      entry.set("method", upper);
      entry.set("path", member.value);
    }
    if (!entry.contains("expect"))
      entry.set("expect", Value(Value::List{Value(200), Value(201), Value(204)}));
    requests.push(std::move(entry));
  }
  Value result = Value::map();
  result.set("url", *http.find("url"));
  result.set("address", address);
  if (const Value* sign = http.find("sign")) result.set("sign", *sign);
  result.set("requests", std::move(requests));
  return result;
}

std::string spec_path(const std::vector<PathStep>& path) {
  std::vector<PathStep> renamed = path;
  const auto key = [&](std::size_t i) {
    return i < path.size() ? std::get_if<std::string>(&path[i]) : nullptr;
  };
  if (key(0) != nullptr && *key(0) == "resources" && key(1) != nullptr && *key(1) == "memory") {
    renamed[1] = std::string("memoryBytes");
  }
  if (key(0) != nullptr && *key(0) == "log" && key(1) != nullptr && *key(1) == "keep")
    renamed[1] = std::string("keepBytes");
  if (key(0) != nullptr && *key(0) == "ready" && key(1) != nullptr) {
    if (*key(1) == "interval" || *key(1) == "timeout" || *key(1) == "startTimeout")
      renamed[1] = *key(1) + "Milliseconds";
  }
  return document::format_path(renamed);
}

} // namespace allod::graph
