// Where a volume lies, and what is written down about it.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "host/paths.h"
#include "host/volumes.h"

namespace allod::host {

struct VolumeRecord {
  VolumeBacking backing = VolumeBacking::folder;
  std::uint64_t size = 0;
  std::string key_identifier;
};

/// The paths of one volume.
struct VolumeFiles {
  VolumeFiles(const HostPaths& paths, const std::string& volume);

  std::string folder;      ///< in the state folder: everything that outlives a reboot
  std::string unfinished;  ///< the same while it is being made
  std::string mount_point; ///< in the run folder

  [[nodiscard]] std::string image() const { return folder + "/image"; }
  /// The encrypted folder with the data, where it is reachable while unlocked.
  [[nodiscard]] std::string data(VolumeBacking backing) const {
    return (backing == VolumeBacking::image ? mount_point : folder) + "/data";
  }
};

Status write_record(const std::string& folder, const VolumeRecord& record);
/// Errors: not_found, integrity.
Result<VolumeRecord> read_volume_record(const std::string& folder);

} // namespace allod::host
