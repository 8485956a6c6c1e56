// The stack's folder below /run: a memory file system of its own, so that neither keys nor files
// with secrets ever reach a disk.
#pragma once

#include <cstdint>
#include <string>

#include "agent/places.h"
#include "base/result.h"

namespace allod::agent {

/// Mounts the run folder (0700) unless it is mounted already. Where the kernel can, its pages are
/// never swapped out. Errors: io, permission.
Status mount_run_folder(const Places& places);
/// The memory folder that a component's units share (/run/shared in them), mounted when missing.
Status mount_shared_folder(const Places& places, const std::string& component);
Status unmount_shared_folder(const Places& places, const std::string& component);
/// Unmounts everything below the run folder and the folder itself, and removes it. Missing is no
/// error. Errors: conflict while something in it is in use.
Status unmount_run_folder(const Places& places);

/// Whether a file system is mounted exactly there.
[[nodiscard]] bool is_mount_point(const std::string& path);

} // namespace allod::agent
