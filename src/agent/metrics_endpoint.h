// What the agent tells monitoring, and what monitoring tells the agent: figures out, alerts and a
// heartbeat in. Components that are bound to its `openmetrics` offer reach it.
#pragma once

#include <atomic>

#include "agent/agent_endpoint.h"
#include "base/time.h"
#include "trust/mtls_server.h"

namespace allod::agent {

struct Machinery;

/// Calls are safe from several threads.
class MetricsEndpoint {
 public:
  explicit MetricsEndpoint(Machinery& machinery);

  AgentEndpoint& endpoint() { return endpoint_; }
  /// The last heartbeat, or since when one is awaited.
  [[nodiscard]] Timestamp last_heartbeat() const { return last_heartbeat_; }
  /// Tells, once, when none has come for too long: alerting itself is dead then.
  void check_heartbeat();

 private:
  /// GET /metrics; POST /alerts and POST /heartbeat with what Alertmanager sends to a webhook
  /// (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).
  trust::HttpAnswer answer(const trust::HttpRequest& request);
  trust::HttpAnswer take_alerts(const trust::HttpRequest& request);
  void take_heartbeat();

  Machinery& machinery_;
  std::atomic<Timestamp> last_heartbeat_;
  std::atomic<bool> silent_ = false;
  AgentEndpoint endpoint_; ///< last: its threads use the rest
};

} // namespace allod::agent
