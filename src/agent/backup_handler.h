// A part of a component's backup. Making it so is nothing, except while a backup is put back.
#pragma once

#include "agent/handler.h"

namespace allod::agent {

class BackupHandler : public Handler {
 public:
  using Handler::Handler;
  Result<std::string> realise(const Task& task) override;
  Status remove(const Removal& removal) override;
};

} // namespace allod::agent
