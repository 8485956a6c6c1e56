// An edge between a consumer and what it is bound to: there when all that it depends on is.
#pragma once

#include "agent/handler.h"

namespace allod::agent {

class BindingHandler : public Handler {
 public:
  using Handler::Handler;
  Result<std::string> realise(const Task& task) override;
  Status remove(const Removal& removal) override;
};

} // namespace allod::agent
