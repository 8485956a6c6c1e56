// What the agent reports while it applies, as lines on the terminal: one per unit that is ready,
// running work below.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/terminal.h"
#include "document/value.h"

namespace allod::cli {

class ApplyProgress {
 public:
  explicit ApplyProgress(Terminal& terminal) : terminal_(terminal) {}

  /// A notification of the agent (docs/agent.md).
  void take(const std::string& method, const document::Value& parameters);
  void finish();

 private:
  void take_progress(const document::Value& parameters);

  Terminal& terminal_;
};

/// The failures in the result of `apply`, as errors with their details.
[[nodiscard]] std::vector<Error> failures_of(const document::Value& outcome);

} // namespace allod::cli
