// A generated secret, sealed by the token.
#pragma once

#include "agent/handler.h"

namespace allod::agent {

class SecretHandler : public Handler {
 public:
  using Handler::Handler;
  Result<std::string> realise(const Task& task) override;
  Status remove(const Removal& removal) override;
};

} // namespace allod::agent
