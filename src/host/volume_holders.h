// Which processes use a volume, so that a refusal to lock it can name them.
#pragma once

#include <string>
#include <vector>

#include "host/volumes.h"

namespace allod::host {

/// Processes with open or mapped files, working folders or, in other mount namespaces, mounts of
/// the file system that is mounted at `mount_point`.
[[nodiscard]] std::vector<VolumeHolder> holders_of_mount(const std::string& mount_point);
/// Processes with open files or working folders encrypted with a key, or with mounts of `folder`.
[[nodiscard]] std::vector<VolumeHolder> holders_of_folder(const std::string& folder,
                                                          const std::string& key_identifier);

} // namespace allod::host
