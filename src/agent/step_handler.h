// Something done once: a command in a container, or requests by the agent.
#pragma once

#include "agent/handler.h"

namespace allod::agent {

struct RequestOptions {
  std::chrono::milliseconds timeout{60000};
  int input = -1;  ///< the body of the request that streams in; -1: there is none
  int output = -1; ///< takes the body of the answer that streams out; -1: there is none
};

/// Requests by the agent, as a step's `http` in docs/graph.md says.
Status request_http_step(Machinery& machinery, const document::Value& http,
                         const RequestOptions& options, const std::stop_token& stop);
/// What to say of a step's command that did not end well.
[[nodiscard]] Error step_error(const UnitDefinition& step, const Finished& finished);

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
