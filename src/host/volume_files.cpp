#include "host/volume_files.h"

#include <sstream>

#include "base/files.h"

namespace allod::host {

VolumeFiles::VolumeFiles(const HostPaths& paths, const std::string& volume)
    : folder(paths.volumes() + "/" + volume), unfinished(paths.volumes() + "/.new-" + volume),
      mount_point(paths.volume_mounts() + "/" + volume) {}

const char* to_string(VolumeBacking backing) {
  return backing == VolumeBacking::image ? "image" : "folder";
}

Status write_record(const std::string& folder, const VolumeRecord& record) {
  std::ostringstream text;
  text << "backing " << to_string(record.backing) << "\nsize " << record.size << "\nkey "
       << record.key_identifier << "\n";
  return write_file(folder + "/volume", text.str(), {.sync = true});
}

Result<VolumeRecord> read_volume_record(const std::string& folder) {
  const Result<std::string> text = read_file(folder + "/volume");
  if (!text) return Error(text.error());
  std::istringstream words(*text);
  std::string key;
  std::string backing;
  VolumeRecord record;
  words >> key >> backing >> key >> record.size >> key >> record.key_identifier;
  if (!words || (backing != "image" && backing != "folder")) {
    return Error(ErrorCode::integrity, folder + "/volume cannot be read");
  }
  record.backing = backing == "image" ? VolumeBacking::image : VolumeBacking::folder;
  return record;
}

} // namespace allod::host
