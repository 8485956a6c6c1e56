// Something done once: a command in a container, or requests by the agent.
#pragma once

#include "agent/handler.h"

namespace allod::agent {

class StepHandler : public Handler {
 public:
  using Handler::Handler;
  Result<std::string> realise(const Task& task) override;
  Status remove(const Removal& removal) override;

 private:
  Result<std::string> run(const Task& task, const document::Value& spec);
  Status request(const Task& task, const document::Value& spec);
  Status run_container(const Task& task, const UnitDefinition& step);
  /// Whether the file that shows that the step was done is in its volume.
  Result<bool> created(const UnitDefinition& step, const std::string& path);
};

} // namespace allod::agent
