// An encrypted volume.
#pragma once

#include "agent/handler.h"

namespace allod::agent {

class VolumeHandler : public Handler {
 public:
  using Handler::Handler;
  Result<std::string> realise(const Task& task) override;
  Status remove(const Removal& removal) override;
};

} // namespace allod::agent
