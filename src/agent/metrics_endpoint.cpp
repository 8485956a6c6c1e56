#include "agent/metrics_endpoint.h"

#include "agent/machinery.h"
#include "agent/metrics_text.h"
#include "document/json_reader.h"
#include "stack/agent_offers.h"

namespace allod::agent {
namespace {

using document::Value;

constexpr std::chrono::minutes kLongestSilence{3};

trust::HttpAnswer refusal(int status, const std::string& why) {
  return {.status = status, .body = Secret("{\"error\":\"" + why + "\"}")};
}

std::string text_at(const Value& map, std::initializer_list<std::string_view> path) {
  const Value* value = map.at_path(path);
  return value == nullptr || !value->is_string() ? std::string() : value->as_string();
}

} // namespace

MetricsEndpoint::MetricsEndpoint(Machinery& machinery)
    : machinery_(machinery), last_heartbeat_(machinery.given.clock()),
      endpoint_({.name = "the metrics endpoint",
                 .port = stack::kAgentMetrics.port,
                 .answer = [this](const trust::HttpRequest& request) { return answer(request); },
                 .prepare = {}},
                machinery.identities, machinery.network, machinery.given.events) {}

trust::HttpAnswer MetricsEndpoint::answer(const trust::HttpRequest& request) {
  if (request.path == "/metrics") {
    if (request.method != "GET") return refusal(405, "GET only");
    return {.status = 200,
            .body = Secret(metrics_text(machinery_)),
            .content_type = "text/plain; version=0.0.4; charset=utf-8"};
  }
  if (request.path != "/alerts" && request.path != "/heartbeat") return refusal(404, "not here");
  if (request.method != "POST") return refusal(405, "POST only");
  if (request.path == "/alerts") return take_alerts(request);
  take_heartbeat();
  return {.status = 200, .body = Secret("{}")};
}

trust::HttpAnswer MetricsEndpoint::take_alerts(const trust::HttpRequest& request) {
  const Result<Value> body = document::read_json("alerts", std::string(request.body));
  const Value* alerts = body ? body->find("alerts") : nullptr;
  if (alerts == nullptr || !alerts->is_list()) return refusal(400, "no alerts");
  for (const Value& alert : alerts->items()) {
    if (!alert.is_map()) return refusal(400, "no alerts");
    Event event;
    event.component = text_at(alert, {"labels", "component"});
    event.what = "alert " + text_at(alert, {"labels", "alertname"}) + " (" +
                 text_at(alert, {"labels", "severity"}) + ")";
    event.action = text_at(alert, {"status"});
    event.detail = text_at(alert, {"annotations", "summary"});
    machinery_.given.events.tell(std::move(event));
  }
  return {.status = 200, .body = Secret("{}")};
}

void MetricsEndpoint::take_heartbeat() {
  last_heartbeat_ = machinery_.given.clock();
  if (silent_.exchange(false)) machinery_.given.events.tell("", "alerting is alive again");
}

void MetricsEndpoint::check_heartbeat() {
  const Timestamp time = machinery_.given.clock();
  if (machinery_.network.clients_of_agent(stack::kAgentMetrics.port).empty()) {
    last_heartbeat_ = time;
    return;
  }
  if (time - last_heartbeat_.load() < kLongestSilence || silent_.exchange(true)) return;
  machinery_.given.events.tell("", "alerting is silent", "",
                               "no heartbeat since " + format_rfc3339(last_heartbeat_) +
                                   ": alerts may not reach anybody");
}

} // namespace allod::agent
