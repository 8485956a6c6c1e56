// An edge of the network: who may reach which port of whom.
#pragma once

#include "agent/handler.h"

namespace allod::agent {

class RuleHandler : public Handler {
 public:
  using Handler::Handler;
  Result<std::string> realise(const Task& task) override;
  Status remove(const Removal& removal) override;
};

} // namespace allod::agent
