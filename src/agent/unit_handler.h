// A process of a component, kept running by the supervisor.
#pragma once

#include "agent/handler.h"

namespace allod::agent {

class UnitHandler : public Handler {
 public:
  using Handler::Handler;
  Result<std::string> realise(const Task& task) override;
  Status remove(const Removal& removal) override;
};

} // namespace allod::agent
