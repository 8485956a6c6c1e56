// What the agent itself offers to components, beside the offers of the catalogue.
#pragma once

#include <cstdint>
#include <string_view>

namespace allod::stack {

struct AgentOffer {
  std::string_view contract;
  std::string_view name;
  std::uint16_t port = 0; ///< at the router's address
  bool alone = false;     ///< nobody else offers this contract
};

inline constexpr AgentOffer kAgentSeal = {"transit-seal", "seal", 8700, true};
inline constexpr AgentOffer kAgentMetrics = {"openmetrics", "metrics", 8701, false};

/// Null when the agent does not offer it.
constexpr const AgentOffer* agent_offer(std::string_view contract) {
  if (contract == kAgentSeal.contract) return &kAgentSeal;
  if (contract == kAgentMetrics.contract) return &kAgentMetrics;
  return nullptr;
}

} // namespace allod::stack
