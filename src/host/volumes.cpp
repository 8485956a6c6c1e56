#include "host/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "host/fscrypt.h"
#include "host/loop_device.h"
#include "host/names.h"
#include "host/volume_files.h"
#include "host/volume_holders.h"
#include "host/volume_image.h"

namespace allod::host {
namespace {

constexpr std::uint64_t kSmallest = 16U << 20;
constexpr std::uint64_t kBlockSize = 4096;

Error no_volume(const std::string& name) {
  return Error(ErrorCode::not_found, "there is no volume " + name);
}

Status check_key(const Secret& key) {
  if (key.reveal().size() == kVolumeKeySize) return {};
  return Error(ErrorCode::invalid_input,
               "the key of a volume has " + std::to_string(kVolumeKeySize) + " bytes");
}

/// Adds the key and sees that it is the volume's; a wrong one is taken away again.
Status add_right_key(const std::string& path, const std::string& identifier, const Secret& key) {
  const Result<fscrypt::KeyStatus> before = fscrypt::key_status(path, identifier);
  if (!before) return Error(before.error());
  const Result<std::string> added = fscrypt::add_key(path, key.reveal());
  if (!added) return Error(added.error());
  if (*added == identifier) return {};
  const Result<bool> ignored = fscrypt::remove_key(path, *added);
  static_cast<void>(ignored);
  return Error(ErrorCode::integrity, "this is not the key of the volume");
}

/// The encrypted folder of a new volume.
Status make_data(const std::string& data, const VolumeSpec& spec, const std::string& identifier) {
  if (Status made = make_directories(data, 0700); !made) return made;
  if (Status encrypted = fscrypt::set_policy(data, identifier); !encrypted) return encrypted;
  if (::chown(data.c_str(), spec.uid, spec.gid) != 0) return errno_error("chown " + data);
  if (::chmod(data.c_str(), spec.mode) != 0) return errno_error("chmod " + data);
  return {};
}

void sync_file_system(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file) ::syncfs(file.get());
}

Status image_possible() {
  if (find_program("mkfs.ext4").empty()) {
    return Error(ErrorCode::unsupported, "mkfs.ext4 is not installed")
        .with_hint("apt-get install e2fsprogs");
  }
  if (exists("/sys/fs/ext4/features") && !exists("/sys/fs/ext4/features/encryption")) {
    return Error(ErrorCode::unsupported, "the kernel's ext4 cannot encrypt")
        .with_hint("the kernel needs CONFIG_FS_ENCRYPTION");
  }
  return probe_loop();
}

Error in_use(const std::string& name, const std::vector<VolumeHolder>& holders) {
  Error error(ErrorCode::conflict, "volume " + name + " is in use");
  for (const VolumeHolder& holder : holders) {
    error = std::move(error).with_detail("process " + std::to_string(holder.pid),
                                         holder.name + ", " + holder.how);
  }
  return error;
}

} // namespace

Result<Volumes> Volumes::open(const HostPaths& paths, std::optional<VolumeBacking> forced) {
  if (Status made = make_directories(paths.volumes(), 0700); !made) return std::move(made).error();
  if (forced) return Volumes(paths, *forced);
  const Status folder = fscrypt::probe(paths.volumes());
  if (folder) return Volumes(paths, VolumeBacking::folder);
  Status image = image_possible();
  if (image) return Volumes(paths, VolumeBacking::image);
  return std::move(image)
      .error()
      .during("looking for a way to encrypt volumes")
      .with_detail("file system of " + paths.volumes(), folder.error().message());
}

Status Volumes::create(const VolumeSpec& spec, const Secret& key) {
  const std::string doing = "creating volume " + spec.name;
  if (!is_object_name(spec.name)) {
    return Error(ErrorCode::invalid_input, "\"" + spec.name + "\" is no name").during(doing);
  }
  if (spec.size < kSmallest) {
    return Error(ErrorCode::invalid_input, "a volume has at least 16 MiB").during(doing);
  }
  if (Status right = check_key(key); !right) return std::move(right).error().during(doing);
  const VolumeFiles files(paths_, spec.name);
  if (exists(files.folder)) {
    return Error(ErrorCode::already_exists, "volume " + spec.name + " exists").during(doing);
  }
  Status made = discard(files);
  if (made) made = make_directories(files.unfinished, 0700);
  if (made) made = fill(files, spec, key);
  if (made && ::rename(files.unfinished.c_str(), files.folder.c_str()) != 0) {
    made = errno_error("rename " + files.unfinished);
  }
  if (made) return {};
  const Status ignored = discard(files);
  static_cast<void>(ignored);
  return std::move(made).error().during(doing);
}

Status Volumes::discard(const VolumeFiles& files) {
  if (!exists(files.unfinished)) return {};
  const Result<VolumeRecord> record = read_volume_record(files.unfinished);
  if (record && record->backing == VolumeBacking::folder) {
    const Result<bool> ignored = fscrypt::remove_key(files.unfinished, record->key_identifier);
    static_cast<void>(ignored);
  }
  const std::string image = files.unfinished + "/image";
  if (Status gone = unmount_image(image, files.mount_point); !gone) return gone;
  return remove_tree(files.unfinished);
}

Status Volumes::fill(const VolumeFiles& files, const VolumeSpec& spec, const Secret& key) const {
  VolumeRecord record;
  record.backing = backing_;
  record.size = (spec.size + kBlockSize - 1) / kBlockSize * kBlockSize;
  std::string root = files.unfinished;
  if (backing_ == VolumeBacking::image) {
    const std::string image = files.unfinished + "/image";
    if (Status made = make_image(image, record.size); !made) return made;
    if (Status mounted = mount_image(image, files.mount_point); !mounted) return mounted;
    root = files.mount_point;
  }
  const Result<std::string> identifier = fscrypt::add_key(root, key.reveal());
  if (!identifier) return Error(identifier.error());
  record.key_identifier = *identifier;
  // Before the data: whoever finds it unfinished knows which key to take out.
  if (Status written = write_record(files.unfinished, record); !written) return written;
  if (Status made = make_data(root + "/data", spec, *identifier); !made) return made;
  sync_file_system(root);
  return {};
}

Result<std::string> Volumes::unlock(const std::string& name, const Secret& key) {
  const std::string doing = "unlocking volume " + name;
  const VolumeFiles files(paths_, name);
  if (Status right = check_key(key); !right) return std::move(right).error().during(doing);
  const Result<VolumeRecord> record = find(name);
  if (!record) return Error(record.error()).during(doing);
  std::string root = files.folder;
  bool mounted_here = false;
  if (record->backing == VolumeBacking::image) {
    root = files.mount_point;
    mounted_here = !is_image_mounted(files.image(), files.mount_point);
    if (Status mounted = mount_image(files.image(), files.mount_point); !mounted) {
      return std::move(mounted).error().during(doing);
    }
  }
  Status added = add_right_key(root, record->key_identifier, key);
  if (added) return files.data(record->backing);
  if (mounted_here) {
    const Status ignored = unmount_image(files.image(), files.mount_point);
    static_cast<void>(ignored);
  }
  return std::move(added).error().during(doing);
}

Status Volumes::lock(const std::string& name) {
  const std::string doing = "locking volume " + name;
  const Result<VolumeRecord> record = find(name);
  if (!record) return Error(record.error()).during(doing);
  const VolumeFiles files(paths_, name);
  if (const std::vector<VolumeHolder> users = holders(name); !users.empty()) {
    return in_use(name, users).during(doing);
  }
  Status locked = record->backing == VolumeBacking::image ? lock_image(files, *record)
                                                          : lock_folder(files, *record);
  return locked ? Status() : Status(std::move(locked).error().during(doing));
}

Status Volumes::lock_image(const VolumeFiles& files, const VolumeRecord& record) {
  if (is_image_mounted(files.image(), files.mount_point)) {
    sync_file_system(files.mount_point);
    trim_image(files.mount_point);
  }
  Status unmounted = unmount_image(files.image(), files.mount_point);
  if (unmounted || loops_of(files.image()).empty()) return unmounted;
  // Somebody whom we did not see keeps the file system alive, and with it the key: take that away
  // at least. What is open stays readable for them until they close it.
  if (mount_image(files.image(), files.mount_point)) {
    const Result<bool> ignored = fscrypt::remove_key(files.mount_point, record.key_identifier);
    static_cast<void>(ignored);
    const Status again = unmount_image(files.image(), files.mount_point);
    static_cast<void>(again);
  }
  return unmounted;
}

Status Volumes::lock_folder(const VolumeFiles& files, const VolumeRecord& record) {
  sync_file_system(files.folder);
  const Result<bool> busy = fscrypt::remove_key(files.folder, record.key_identifier);
  if (!busy) return Error(busy.error());
  if (!*busy) return {};
  return Error(ErrorCode::conflict, "the key is removed, but open files stay readable until they "
                                    "are closed");
}

Status Volumes::destroy(const std::string& name) {
  const std::string doing = "destroying volume " + name;
  if (!is_object_name(name)) {
    return Error(ErrorCode::invalid_input, "\"" + name + "\" is no name").during(doing);
  }
  const VolumeFiles files(paths_, name);
  Status gone = discard(files);
  if (gone && exists(files.folder)) {
    // Without a record it was destroyed by half: the record goes first.
    if (find(name)) gone = lock(name);
    if (gone) gone = remove_tree(files.folder + "/volume");
    if (gone) gone = remove_tree(files.folder);
  }
  return gone ? Status() : Status(std::move(gone).error().during(doing));
}

Status Volumes::grow(const std::string& name, std::uint64_t size) {
  const std::string doing = "growing volume " + name;
  Result<VolumeRecord> record = find(name);
  if (!record) return std::move(record).error().during(doing);
  const std::uint64_t wanted = (size + kBlockSize - 1) / kBlockSize * kBlockSize;
  if (wanted < record->size) {
    return Error(ErrorCode::invalid_input, "a volume cannot shrink").during(doing);
  }
  const VolumeFiles files(paths_, name);
  if (record->backing == VolumeBacking::image) {
    // Neither needs the key.
    Status grown = is_image_mounted(files.image(), files.mount_point)
                       ? grow_mounted_image(files.image(), files.mount_point, wanted)
                       : grow_unmounted_image(files.image(), wanted);
    if (!grown) return std::move(grown).error().during(doing);
  }
  record->size = wanted;
  return write_record(files.folder, *record);
}

std::vector<std::string> Volumes::list() const {
  std::vector<std::string> names =
      list_directory(paths_.volumes()).value_or(std::vector<std::string>());
  std::erase_if(names, [](const std::string& name) { return !is_object_name(name); });
  return names;
}

Result<VolumeRecord> Volumes::find(const std::string& name) const {
  if (!is_object_name(name)) return no_volume(name);
  Result<VolumeRecord> record = read_volume_record(VolumeFiles(paths_, name).folder);
  if (!record && record.error().code() == ErrorCode::not_found) return no_volume(name);
  return record;
}

Result<VolumeState> Volumes::state(const std::string& name) const {
  const Result<VolumeRecord> record = find(name);
  VolumeState state;
  if (!record) {
    if (record.error().code() == ErrorCode::not_found) return state;
    return Error(record.error());
  }
  const VolumeFiles files(paths_, name);
  state.exists = true;
  state.backing = record->backing;
  state.size = record->size;
  state.key_identifier = record->key_identifier;
  const bool image = record->backing == VolumeBacking::image;
  if (image && !is_image_mounted(files.image(), files.mount_point)) return state;
  const Result<fscrypt::KeyStatus> key =
      fscrypt::key_status(image ? files.mount_point : files.folder, record->key_identifier);
  if (!key) return Error(key.error());
  state.unlocked = *key == fscrypt::KeyStatus::present;
  if (state.unlocked) state.path = files.data(record->backing);
  return state;
}

Result<VolumeUsage> Volumes::usage(const std::string& name) const {
  const Result<VolumeState> known = state(name);
  if (!known) return Error(known.error());
  if (!known->exists) return no_volume(name);
  const VolumeFiles files(paths_, name);
  const bool image = known->backing == VolumeBacking::image;
  VolumeUsage usage;
  usage.size = known->size;
  usage.on_disk = disk_usage(image ? files.image() : files.folder + "/data");
  usage.used = usage.on_disk;
  struct statvfs info {};
  const std::string at = image ? files.mount_point : files.folder;
  if ((!image || known->unlocked) && ::statvfs(at.c_str(), &info) == 0) {
    usage.size = static_cast<std::uint64_t>(info.f_blocks) * info.f_frsize;
    if (image) {
      usage.used = static_cast<std::uint64_t>(info.f_blocks - info.f_bfree) * info.f_frsize;
    }
  }
  return usage;
}

std::vector<VolumeHolder> Volumes::holders(const std::string& name) const {
  const Result<VolumeRecord> record = find(name);
  if (!record) return {};
  const VolumeFiles files(paths_, name);
  if (record->backing == VolumeBacking::folder) {
    return holders_of_folder(files.data(record->backing), record->key_identifier);
  }
  if (!is_image_mounted(files.image(), files.mount_point)) return {};
  return holders_of_mount(files.mount_point);
}

} // namespace allod::host
