#include "host/volume_image.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "host/loop_device.h"

namespace allod::host {
namespace {

constexpr std::uint64_t kBlockSize = 4096;

/// From linux/fs/ext4/ext4.h: not in the headers for programs.
constexpr unsigned long kExt4ResizeFs = _IOW('f', 16, std::uint64_t);

/// In MiB: small for small volumes, enough for a database's bursts in large ones.
std::uint64_t journal_size(std::uint64_t size) {
  return std::clamp<std::uint64_t>(size >> 26, 4, 64);
}

/// The device number of what is mounted at a path, 0 when nothing is.
dev_t mounted_device(const std::string& mount_point) {
  struct stat inside {};
  struct stat outside {};
  if (::stat(mount_point.c_str(), &inside) != 0) return 0;
  if (::stat((mount_point + "/..").c_str(), &outside) != 0) return 0;
  return inside.st_dev == outside.st_dev ? 0 : inside.st_dev;
}

dev_t device_number(const std::string& device) {
  struct stat info {};
  return ::stat(device.c_str(), &info) == 0 ? info.st_rdev : 0;
}

Status mount_device(const std::string& device, const std::string& mount_point) {
  if (Status made = make_directories(mount_point, 0700); !made) return made;
  // The image is sparse, so what was never written reads as zero: no need to write it all.
  const char* options = "noinit_itable,errors=remount-ro";
  const unsigned long flags = MS_NODEV | MS_NOSUID | MS_NOEXEC | MS_NOATIME;
  if (::mount(device.c_str(), mount_point.c_str(), "ext4", flags, options) == 0) return {};
  const int number = errno;
  if (number == ENODEV) {
    return Error(ErrorCode::unsupported, "the kernel has no ext4")
        .with_hint("modprobe ext4 (CONFIG_EXT4_FS)");
  }
  return errno_error("mount " + device + " at " + mount_point, number)
      .with_hint("if its file system is damaged: e2fsck -f on the image");
}

/// Whether the condition comes true within two seconds.
template<class Condition>
bool soon(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

} // namespace

Status make_image(const std::string& image, std::uint64_t size) {
  {
    const UniqueFd file(::open(image.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return errno_error("create " + image);
    if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) {
      return errno_error("make " + image + " " + std::to_string(size) + " bytes large");
    }
  }
  Command command;
  command.arguments = {"mkfs.ext4",
                       "-q",
                       "-F",
                       "-b",
                       std::to_string(kBlockSize),
                       "-m",
                       "0",
                       "-O",
                       "encrypt",
                       "-J",
                       "size=" + std::to_string(journal_size(size)),
                       "-E",
                       "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0",
                       image};
  const Result<std::string> made = run_checked(command);
  if (made) return {};
  Error error = Error(made.error()).during("making a file system in " + image);
  if (error.code() == ErrorCode::not_found) {
    return Error(ErrorCode::unsupported, error.message()).with_hint("apt-get install e2fsprogs");
  }
  return error;
}

bool is_image_mounted(const std::string& image, const std::string& mount_point) {
  const dev_t mounted = mounted_device(mount_point);
  if (mounted == 0) return false;
  const std::vector<std::string> devices = loops_of(image);
  return std::any_of(devices.begin(), devices.end(),
                     [&](const std::string& device) { return device_number(device) == mounted; });
}

Status mount_image(const std::string& image, const std::string& mount_point) {
  if (is_image_mounted(image, mount_point)) return {};
  if (mounted_device(mount_point) != 0) {
    return Error(ErrorCode::conflict, "something else is mounted at " + mount_point);
  }
  for (const std::string& device : loops_of(image)) {
    // Left by a crash, or held by somebody. A device in use must be used again: two devices on one
    // file would destroy it.
    if (Status detached = detach_loop(device); !detached) return detached;
    if (soon([&] { return loops_of(image).empty(); })) break;
    return mount_device(device, mount_point);
  }
  const Result<LoopDevice> device = attach_loop(image);
  if (!device) return Error(device.error());
  return mount_device(device->path, mount_point);
}

Status unmount_image(const std::string& image, const std::string& mount_point) {
  while (mounted_device(mount_point) != 0) {
    if (::umount2(mount_point.c_str(), UMOUNT_NOFOLLOW) == 0) continue;
    if (errno == EBUSY) {
      return Error(ErrorCode::conflict, mount_point + " is in use");
    }
    return errno_error("unmount " + mount_point);
  }
  ::rmdir(mount_point.c_str());
  for (const std::string& device : loops_of(image)) {
    const Status ignored = detach_loop(device);
    static_cast<void>(ignored);
  }
  if (soon([&] { return loops_of(image).empty(); })) return {};
  return Error(ErrorCode::conflict, image + " is still held as a block device");
}

Status grow_mounted_image(const std::string& image, const std::string& mount_point,
                          std::uint64_t size) {
  if (::truncate(image.c_str(), static_cast<off_t>(size)) != 0) return errno_error("grow " + image);
  for (const std::string& device : loops_of(image)) {
    if (Status refreshed = refresh_loop_size(device); !refreshed) return refreshed;
  }
  const UniqueFd root(::open(mount_point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error("open " + mount_point);
  std::uint64_t blocks = size / kBlockSize;
  if (::ioctl(root.get(), kExt4ResizeFs, &blocks) == 0) return {};
  const int number = errno;
  Error error = errno_error("grow the file system in " + image, number);
  if (number != EPERM) return error;
  return std::move(error).with_hint(
      "growing it in use needs CAP_SYS_RESOURCE; stop its unit and lock the volume first");
}

Status grow_unmounted_image(const std::string& image, std::uint64_t size) {
  if (::truncate(image.c_str(), static_cast<off_t>(size)) != 0) return errno_error("grow " + image);
  Command check;
  check.arguments = {"e2fsck", "-f", "-p", image};
  const Result<Finished> checked = run(check);
  if (!checked) return Error(checked.error());
  // 1: small faults were put right (e2fsck(8)).
  if (checked->exit_code > 1) {
    return Error(ErrorCode::io, "the file system in " + image + " is damaged: " + checked->output)
        .with_hint("e2fsck -f on the image");
  }
  Command resize;
  resize.arguments = {"resize2fs", image};
  const Result<std::string> resized = run_checked(resize);
  return resized ? Status() : Status(resized.error());
}

void trim_image(const std::string& mount_point) {
  const UniqueFd root(::open(mount_point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  fstrim_range range{};
  range.len = UINT64_MAX;
  if (root) ::ioctl(root.get(), FITRIM, &range);
}

} // namespace allod::host
