// The OCI runtime of this machine, chosen by running a container with each candidate: what a
// program says about itself does not tell whether it gets on with this kernel and its cgroups.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "host/paths.h"

namespace allod::host {

/// A runtime that was not taken, and why.
struct RejectedRuntime {
  std::string name;
  std::string reason;
};

struct Runtime {
  std::string name;           ///< "runc" or "crun"
  std::string path;           ///< of its program
  std::string version;        ///< as it says, for instance "1.1.5+ds1"
  std::string conmon;         ///< path of conmon (2.1 or newer)
  std::string conmon_version; ///< as it says
  std::vector<RejectedRuntime> rejected;

  /// Tries the runtimes of `order` by running a container of one static program in a scratch folder
  /// below `paths.run`; the first that works is taken (about 50 ms). Nothing of the trial is left.
  /// Errors: unsupported when none works (the details say why for each) or conmon is missing.
  static Result<Runtime> choose(const HostPaths& paths,
                                const std::vector<std::string>& order = {"runc", "crun"});
};

} // namespace allod::host
