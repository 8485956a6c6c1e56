// The OCI runtime configuration (runtime-spec 1.0.2, config.json) of a unit or step: what every
// container of a stack has in common is decided here and nowhere else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "document/value.h"
#include "host/cgroups.h"
#include "host/container_spec.h"

namespace allod::host {

/// What a configuration depends on besides the spec.
struct MachineFacts {
  CgroupMode cgroups = CgroupMode::v2;
  bool memory_controller = true;
  bool pids_controller = true;
  bool cpu_controller = true;
  /// The memory controller counts swap, so that the limit can include it.
  bool swap_accounting = false;
  /// The highest RLIMIT_NOFILE that may be set from here.
  std::uint64_t open_files = 1U << 20;

  static MachineFacts detect(const Cgroups& cgroups);
};

/// Errors: invalid_input, naming the field.
Status validate(const ContainerSpec& spec);

/// The configuration of a valid spec. /etc/hosts, /etc/passwd and /etc/group come from files of
/// these names in `etc_folder`.
[[nodiscard]] document::Value oci_config(const ContainerSpec& spec, const MachineFacts& facts,
                                         const std::string& etc_folder);

/// Contents for the files in the etc folder.
[[nodiscard]] std::string hosts_file(const ContainerSpec& spec);
[[nodiscard]] std::string passwd_file(const ContainerSpec& spec);
[[nodiscard]] std::string group_file(const ContainerSpec& spec);

} // namespace allod::host
