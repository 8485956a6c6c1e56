// A component's network: its namespace and its link to the router.
#pragma once

#include "agent/handler.h"

namespace allod::agent {

class NetworkHandler : public Handler {
 public:
  using Handler::Handler;
  Result<std::string> realise(const Task& task) override;
  Status remove(const Removal& removal) override;
};

} // namespace allod::agent
