#include "host/loop_device.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/files.h"

namespace allod::host {
namespace {

constexpr const char* kControl = "/dev/loop-control";
/// Of a sector, in bytes: that of the file system on it, so that each write of a page is one.
constexpr unsigned kBlockSize = 4096;

Error no_loops(const std::string& what, int number) {
  return Error(ErrorCode::unsupported, what + ": " + std::strerror(number))
      .with_hint("the kernel needs loop devices: modprobe loop (CONFIG_BLK_DEV_LOOP)");
}

Result<std::string> free_device() {
  const UniqueFd control(::open(kControl, O_RDWR | O_CLOEXEC));
  if (!control) return no_loops(std::string("open ") + kControl, errno);
  const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
  if (number < 0) return no_loops("get a loop device", errno);
  return "/dev/loop" + std::to_string(number);
}

/// 0, or the errno of a refusal.
int configure(int device, int file, std::uint32_t flags) {
  loop_config config{};
  config.fd = static_cast<__u32>(file);
  config.block_size = kBlockSize;
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR | flags;
  return ::ioctl(device, LOOP_CONFIGURE, &config) == 0 ? 0 : errno;
}

} // namespace

Result<LoopDevice> attach_loop(const std::string& file) {
  const UniqueFd backing(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  if (!backing) return errno_error("open " + file);
  // Between asking for a free device and taking it another process may be faster.
  for (int attempt = 0; attempt < 64; ++attempt) {
    Result<std::string> path = free_device();
    if (!path) return std::move(path).error();
    UniqueFd device(::open(path->c_str(), O_RDWR | O_CLOEXEC));
    if (!device) return no_loops("open " + *path, errno);
    int refusal = configure(device.get(), backing.get(), LO_FLAGS_DIRECT_IO);
    if (refusal == EINVAL) refusal = configure(device.get(), backing.get(), 0);
    if (refusal == 0) return LoopDevice{std::move(*path), std::move(device)};
    if (refusal != EBUSY) return errno_error("attach " + file + " to " + *path, refusal);
  }
  return Error(ErrorCode::conflict, "no loop device could be had for " + file);
}

std::vector<std::string> loops_of(const std::string& file) {
  std::vector<std::string> devices;
  struct stat wanted {};
  if (::stat(file.c_str(), &wanted) != 0) return devices;
  const std::vector<std::string> names =
      list_directory("/sys/block").value_or(std::vector<std::string>());
  for (const std::string& name : names) {
    if (!name.starts_with("loop") || !exists("/sys/block/" + name + "/loop")) continue;
    const UniqueFd device(::open(("/dev/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    loop_info64 info{};
    if (!device || ::ioctl(device.get(), LOOP_GET_STATUS64, &info) != 0) continue;
    if (info.lo_inode == wanted.st_ino && info.lo_device == wanted.st_dev) {
      devices.push_back("/dev/" + name);
    }
  }
  return devices;
}

Status detach_loop(const std::string& device) {
  const UniqueFd handle(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
  if (!handle) return errno_error("open " + device);
  if (::ioctl(handle.get(), LOOP_CLR_FD) != 0 && errno != ENXIO) {
    return errno_error("detach " + device);
  }
  return {};
}

Status refresh_loop_size(const std::string& device) {
  const UniqueFd handle(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
  if (!handle) return errno_error("open " + device);
  if (::ioctl(handle.get(), LOOP_SET_CAPACITY) != 0) return errno_error("resize " + device);
  return {};
}

Status probe_loop() {
  const Result<std::string> device = free_device();
  return device ? Status() : Status(device.error());
}

} // namespace allod::host
