// What a component's certificates say, and whom it trusts as clients.
#pragma once

#include "agent/handler.h"

namespace allod::agent {

class IdentityHandler : public Handler {
 public:
  using Handler::Handler;
  Result<std::string> realise(const Task& task) override;
  Status remove(const Removal& removal) override;
};

} // namespace allod::agent
