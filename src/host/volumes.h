// Encrypted volumes on fscrypt (Documentation/filesystems/fscrypt.rst, policies of version 2).
// Where the state folder's file system can encrypt, a volume is a folder of it; elsewhere it is a
// sparse ext4 image of its own on a loop device. Without the key neither names nor contents can be
// read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/secret.h"
#include "host/paths.h"

namespace allod::host {

/// The bytes of a volume's master key.
inline constexpr std::size_t kVolumeKeySize = 64;

struct VolumeSpec {
  std::string name;       ///< unique in the stack: letters, digits, '-', '_', '.'
  std::uint64_t size = 0; ///< bytes, at least 16 MiB; not enforced for a folder of the file system
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t mode = 0700;
};

enum class VolumeBacking { folder, image };
[[nodiscard]] const char* to_string(VolumeBacking backing);

/// A process that keeps a volume from being locked.
struct VolumeHolder {
  pid_t pid = 0;
  std::string name;
  std::string how; ///< "open file", "working folder", "mount namespace", …
};

struct VolumeUsage {
  std::uint64_t size = 0; ///< bytes that fit in all; of a folder: of its file system
  std::uint64_t used = 0; ///< bytes of the unlocked volume; of a locked image: of the image on disk
  std::uint64_t on_disk = 0;
};

struct VolumeState {
  bool exists = false;
  bool unlocked = false;
  VolumeBacking backing = VolumeBacking::folder;
  std::uint64_t size = 0;
  std::string key_identifier; ///< 32 hex digits: names the key, tells nothing about it
  std::string path;           ///< of the data while unlocked
};

struct VolumeFiles;
struct VolumeRecord;

class Volumes {
 public:
  /// Finds out what the file system below the state folder can do, by trying it. `forced` skips the
  /// trial. Errors: unsupported with a hint when neither way is open.
  static Result<Volumes> open(const HostPaths& paths, std::optional<VolumeBacking> forced = {});

  [[nodiscard]] VolumeBacking backing() const { return backing_; }

  /// Makes a volume and leaves it unlocked. Errors: already_exists, invalid_input (size, key).
  Status create(const VolumeSpec& spec, const Secret& key);
  /// Adds the key and mounts; the path of the data. Unlocked already is no error: what is missing
  /// of it (after a crash, or with /run emptied) is put right. Errors: not_found; integrity when
  /// the key is not this volume's; io when the image does not mount.
  Result<std::string> unlock(const std::string& name, const Secret& key);
  /// Removes the key and unmounts; the loop device goes. Locked already is no error. Errors:
  /// conflict, with each process that still holds it as a detail; the volume then stays unlocked.
  Status lock(const std::string& name);
  /// lock(), then removes the data for good. Missing is no error.
  Status destroy(const std::string& name);
  /// To `size` bytes, locked or unlocked. Errors: invalid_input for less than it has; permission
  /// for an unlocked image without CAP_SYS_RESOURCE (lock it first).
  Status grow(const std::string& name, std::uint64_t size);

  [[nodiscard]] std::vector<std::string> list() const;
  [[nodiscard]] Result<VolumeState> state(const std::string& name) const;
  [[nodiscard]] Result<VolumeUsage> usage(const std::string& name) const;
  [[nodiscard]] std::vector<VolumeHolder> holders(const std::string& name) const;

 private:
  Volumes(HostPaths paths, VolumeBacking backing) : paths_(std::move(paths)), backing_(backing) {}
  /// Errors: not_found, integrity.
  [[nodiscard]] Result<VolumeRecord> find(const std::string& name) const;
  Status fill(const VolumeFiles& files, const VolumeSpec& spec, const Secret& key) const;
  /// Clears away what an interrupted create() left.
  static Status discard(const VolumeFiles& files);
  static Status lock_image(const VolumeFiles& files, const VolumeRecord& record);
  static Status lock_folder(const VolumeFiles& files, const VolumeRecord& record);

  HostPaths paths_;
  VolumeBacking backing_;
};

} // namespace allod::host
