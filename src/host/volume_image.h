// A volume's image: a sparse file with an ext4 file system that can encrypt, on a loop device.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace allod::host {

/// Makes the file and the file system in it. Errors: unsupported when mkfs.ext4 is missing.
Status make_image(const std::string& image, std::uint64_t size);
/// Mounts it nodev, nosuid, noexec. Mounted there already is no error; a device left over from a
/// crash is taken again or cleared away.
Status mount_image(const std::string& image, const std::string& mount_point);
/// Unmounts and waits until the loop device is gone. Not mounted is no error. Errors: conflict when
/// something still holds it.
Status unmount_image(const std::string& image, const std::string& mount_point);
[[nodiscard]] bool is_image_mounted(const std::string& image, const std::string& mount_point);
/// Grows the file, the device and the file system in use. Errors: permission without
/// CAP_SYS_RESOURCE.
Status grow_mounted_image(const std::string& image, const std::string& mount_point,
                          std::uint64_t size);
/// Checks the file system and grows it and its file.
Status grow_unmounted_image(const std::string& image, std::uint64_t size);
/// Gives blocks that are free inside back to the file system outside (FITRIM). Best effort.
void trim_image(const std::string& mount_point);

} // namespace allod::host
