// Loop devices (loop(4)): a file as a block device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod::host {

/// An attached loop device. It goes by itself when the descriptor is closed and nothing is mounted.
struct LoopDevice {
  std::string path; ///< "/dev/loop3"
  UniqueFd handle;
};

/// Attaches a file, with direct I/O where the file system can: no page is cached twice.
/// Errors: unsupported when the kernel has no loop devices.
Result<LoopDevice> attach_loop(const std::string& file);
/// The devices that a file is attached to: known by the file itself, not by its name.
[[nodiscard]] std::vector<std::string> loops_of(const std::string& file);
/// Detaches a device now, or when it is closed last. Errors: io.
Status detach_loop(const std::string& device);
/// Tells a device that its file has grown.
Status refresh_loop_size(const std::string& device);
/// Errors: unsupported with a hint.
Status probe_loop();

} // namespace allod::host
