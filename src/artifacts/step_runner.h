// Running a command inside of an image that is being assembled.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "artifacts/image_definition.h"
#include "artifacts/store.h"
#include "base/result.h"

namespace allod::artifacts {

/// What a step runs in.
struct StepPlace {
  std::string tree;                               ///< the root
  std::map<std::string, std::string> environment; ///< the image's, then the step's on top
  /// A folder that the step finds at /run/beside; then the tree is read-only. Empty: writable,
  /// none.
  std::string output;
  std::vector<std::string> memory; ///< folders of the tree with an empty file system in memory
};

/// Errors: whatever kept the step from ending well, with its last output.
using StepRunner = std::function<Status(const RunStep&, const StepPlace&)>;

/// Runs steps with runc or crun, whichever works here: own mount, pid, ipc, uts and network
/// namespaces (the network has no interface but a loopback that is down), no capabilities, no new
/// privileges, root's user id so that the tree can be written. Errors: unsupported when there is no
/// runtime; timeout; invalid_input when the step ends with a non-zero exit code.
[[nodiscard]] StepRunner container_step_runner(const Store& store);

/// The runtime's configuration (OCI runtime specification 1.0 config.md) for a step.
[[nodiscard]] std::string step_configuration(const RunStep& step, const StepPlace& place);

} // namespace allod::artifacts
