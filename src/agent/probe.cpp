#include "agent/probe.h"

#include "agent/http_session.h"
#include "base/text.h"
#include "host/namespaces.h"

namespace allod::agent {
namespace {

constexpr std::size_t kShown = 300;

std::string beginning(const std::string& text) {
  std::string shown(trim(text.substr(0, kShown)));
  for (char& letter : shown) {
    if (static_cast<unsigned char>(letter) < 0x20) letter = ' ';
  }
  return shown;
}

Error not_ready(std::string answer) {
  return Error(ErrorCode::unavailable, std::move(answer));
}

Status probe_exec(const UnitDefinition& unit, const host::Container& container) {
  const ProbeDefinition& probe = *unit.probe;
  host::ExecOptions options;
  options.timeout = probe.timeout;
  options.output_limit = 4096;
  const Result<Finished> finished = container.exec(probe.exec, options);
  const std::string command = join(probe.exec, " ");
  if (!finished) return not_ready(command + " → " + finished.error().message());
  if (finished->ok()) return {};
  const std::string said = beginning(finished->errors + finished->output);
  return not_ready(command + " → exit code " + std::to_string(finished->exit_code) +
                   (said.empty() ? "" : ": " + said));
}

Status judge(const ProbeDefinition::Http& wanted, const std::string& what,
             const Result<HttpResponse>& response) {
  if (!response) return not_ready(response.error().message());
  const bool fits = wanted.status.contains(response->status) &&
                    response->body.find(wanted.contains) != std::string::npos;
  if (fits) return {};
  return not_ready(what + " → " + std::to_string(response->status) + " " +
                   beginning(response->body));
}

Status probe_http(const UnitDefinition& unit, const ProbePlace& place) {
  const ProbeDefinition::Http& wanted = *unit.probe->http;
  HttpEndpoint endpoint;
  endpoint.url =
      (wanted.plain ? "http://" : "https://") + unit.component + ":" + std::to_string(wanted.port);
  endpoint.address = unit.address;
  endpoint.network_namespace = place.router_namespace;
  endpoint.peer = place.peer;
  std::optional<trust::TlsMaterial> material;
  if (!wanted.plain) {
    Result<trust::TlsMaterial> own = place.material();
    if (!own) return std::move(own).error();
    material = std::move(*own);
  }
  HttpRequest request;
  request.path = wanted.path;
  request.timeout = unit.probe->timeout;
  return with_http(endpoint, material ? &*material : nullptr, [&](HttpSession& session) {
    return judge(wanted, "GET " + endpoint.url + wanted.path, session.perform(request));
  });
}

Status probe_tcp(const UnitDefinition& unit, const ProbePlace& place) {
  const int port = *unit.probe->tcp;
  const Result<UniqueFd> connection = host::connect_in_namespace(
      place.router_namespace, unit.address, static_cast<std::uint16_t>(port),
      static_cast<int>(unit.probe->timeout.count()));
  if (connection) return {};
  return not_ready("connect to " + unit.component + ":" + std::to_string(port) + " → " +
                   connection.error().message());
}

} // namespace

Status run_probe(const UnitDefinition& unit, const host::Container& container,
                 const ProbePlace& place) {
  if (!unit.probe) return {};
  if (!unit.probe->exec.empty()) {
    if (Status ready = probe_exec(unit, container); !ready) return ready;
  }
  if (unit.probe->http) {
    if (Status ready = probe_http(unit, place); !ready) return ready;
  }
  return unit.probe->tcp ? probe_tcp(unit, place) : Status();
}

} // namespace allod::agent
