// Asks a unit whether it is ready: by a command inside, over HTTP or by a connection.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/unit_definition.h"
#include "base/result.h"
#include "host/container.h"
#include "trust/spiffe_id.h"
#include "trust/tls_material.h"

namespace allod::agent {

struct ProbePlace {
  std::string router_namespace; ///< a path: where the agent's sockets are opened
  std::optional<trust::SpiffeId> peer;
  std::function<Result<trust::TlsMaterial>()> material;
};

/// Ready, or an error whose message is the last answer: "GET https://keycloak:9000/health/ready →
/// 503 {"database":"DOWN"}". A unit without a probe is ready.
Status run_probe(const UnitDefinition& unit, const host::Container& container,
                 const ProbePlace& place);

} // namespace allod::agent
