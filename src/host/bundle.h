// A unit's bundle folder: config.json and the files beside it, and a record of its processes from
// which a new agent takes it up.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "host/container_config.h"
#include "host/container_spec.h"
#include "host/paths.h"

namespace allod::host {

/// What is known of a unit beyond its configuration. Written before anything is started (without
/// process ids) and again once the processes are known.
struct UnitRecord {
  std::string cgroup;
  std::string log_path;
  int stop_signal = 15;
  std::chrono::milliseconds grace{0};
  pid_t pid = 0;
  std::uint64_t pid_start = 0;
  pid_t conmon = 0;
  std::uint64_t conmon_start = 0;
};

/// Makes the folder of `spec` anew. Errors: io.
Status write_bundle(const HostPaths& paths, const ContainerSpec& spec, const MachineFacts& facts);
Status write_record(const std::string& bundle, const UnitRecord& record);
/// Errors: not_found.
Result<UnitRecord> read_record(const std::string& bundle);
/// The process id in a file that a runtime or conmon wrote; 0 when there is none.
[[nodiscard]] pid_t read_pid_file(const std::string& path);

} // namespace allod::host
