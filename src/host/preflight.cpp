#include "host/preflight.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/process.h"
#include "base/text.h"
#include "host/cgroups.h"
#include "host/listener.h"
#include "host/namespaces.h"
#include "host/packet_filter.h"
#include "host/rtnetlink.h"
#include "host/runtime.h"
#include "host/volumes.h"

namespace allod::host {
namespace {

Check ok(std::string name, std::string detail) {
  return {std::move(name), CheckState::ok, std::move(detail), ""};
}
Check warning(std::string name, std::string detail, std::string remedy) {
  return {std::move(name), CheckState::warning, std::move(detail), std::move(remedy)};
}
Check failed(std::string name, std::string detail, std::string remedy) {
  return {std::move(name), CheckState::failed, std::move(detail), std::move(remedy)};
}
/// From an error: its hint is the remedy.
Check failed(std::string name, const Error& error, const std::string& otherwise) {
  std::string detail = error.message();
  for (const auto& [what, value] : error.details())
    detail += "; " + what + ": " + value;
  return failed(std::move(name), detail, error.hint().empty() ? otherwise : error.hint());
}

Check check_root() {
  if (::geteuid() == 0) return ok("root", "running as root");
  return failed("root", "running as user " + std::to_string(::geteuid()), "run it with sudo");
}

/// 5.8 brought LOOP_CONFIGURE, 5.6 pidfd_getfd, 5.4 fscrypt's second policy version.
Check check_kernel() {
  utsname name{};
  ::uname(&name);
  const std::string release = name.release;
  const long major = std::strtol(release.c_str(), nullptr, 10);
  const std::size_t dot = release.find('.');
  const long minor =
      dot == std::string::npos ? 0 : std::strtol(release.c_str() + dot + 1, nullptr, 10);
  if (major > 5 || (major == 5 && minor >= 8)) return ok("kernel", "Linux " + release);
  return failed("kernel", "Linux " + release + " is older than 5.8", "boot a newer kernel");
}

Check check_namespaces() {
  std::vector<std::string> missing;
  for (const char* space : {"pid", "mnt", "ipc", "uts", "net"}) {
    if (!exists(std::string("/proc/self/ns/") + space)) missing.emplace_back(space);
  }
  if (!missing.empty()) {
    return failed("namespaces", "the kernel has no namespaces of kind " + join(missing, ", "),
                  "boot a kernel with CONFIG_NAMESPACES");
  }
  const Status made = in_new_namespace([] { return Status(); });
  if (made) return ok("namespaces", "pid, mount, ipc, uts and network");
  return failed("namespaces", made.error(), "run it with CAP_SYS_ADMIN");
}

Check check_runtime(const HostPaths& paths, bool trial) {
  if (!trial) {
    for (const char* name : {"runc", "crun"}) {
      if (!find_program(name).empty()) return ok("runtime", find_program(name) + ", not tried");
    }
    return failed("runtime", "no OCI runtime is installed", "apt-get install runc conmon");
  }
  const Result<Runtime> runtime = Runtime::choose(paths);
  if (!runtime) return failed("runtime", runtime.error(), "apt-get install runc conmon");
  std::string detail =
      runtime->name + " " + runtime->version + ", conmon " + runtime->conmon_version;
  for (const RejectedRuntime& rejected : runtime->rejected) {
    detail += "; not " + rejected.name + ": " + rejected.reason;
  }
  return ok("runtime", detail);
}

Check check_cgroups() {
  const Result<Cgroups> cgroups = Cgroups::detect();
  if (!cgroups) return failed("cgroups", cgroups.error(), "mount /sys/fs/cgroup");
  if (cgroups->mode() == CgroupMode::none) {
    return failed("cgroups", "no cgroup file system is mounted", "mount /sys/fs/cgroup");
  }
  std::vector<std::string> missing;
  for (const char* controller : {"memory", "pids"}) {
    if (!cgroups->has_controller(controller)) missing.emplace_back(controller);
  }
  const std::string mode = std::string("version ") + to_string(cgroups->mode());
  if (missing.empty()) return ok("cgroups", mode + " with memory and pids");
  return warning("cgroups", mode + " without " + join(missing, " and ") + ": limits will not hold",
                 "boot with cgroup_enable=" + join(missing, ","));
}

/// The status of a veth pair made in a network namespace that goes at once.
Check check_veth() {
  const Status made = in_new_namespace([]() -> Status {
    Result<Rtnetlink> netlink = Rtnetlink::open();
    if (!netlink) return std::move(netlink).error();
    const UniqueFd here(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    return netlink->add_veth("trial0", "trial1", here.get());
  });
  if (made) return ok("veth", "veth pairs can be made");
  return failed("veth", made.error(), "modprobe veth (CONFIG_VETH)");
}

Check check_nftables() {
  const Result<std::string> rules = expected_rules();
  if (rules) return ok("nftables", "the stack's rules can be laid");
  return failed("nftables", rules.error(),
                "modprobe nf_tables nft_ct (CONFIG_NF_TABLES_INET, CONFIG_NFT_CT)");
}

Check check_seccomp() {
  // With a null filter the kernel answers EFAULT where it knows filters, EINVAL where not.
  const int answer = ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr, 0, 0);
  if (answer != 0 && errno == EFAULT) return ok("seccomp", "system call filters");
  return failed("seccomp", "the kernel has no system call filters",
                "boot a kernel with CONFIG_SECCOMP_FILTER");
}

/// A volume is made, locked and destroyed in a folder beside the stack's state.
Check check_volumes(const HostPaths& paths) {
  const std::string name = ".preflight-" + to_hex(random_bytes(4));
  const std::size_t slash = paths.state.rfind('/');
  const std::string state = paths.state.substr(0, slash) + "/" + name;
  const bool parent_existed = exists(paths.state.substr(0, slash));
  const HostPaths scratch{paths.stack, state, state + "/run"};
  const auto trial = [&]() -> Result<VolumeBacking> {
    Result<Volumes> volumes = Volumes::open(scratch);
    if (!volumes) return std::move(volumes).error();
    const Bytes key = random_bytes(kVolumeKeySize);
    Status done =
        volumes->create({.name = "trial", .size = 16U << 20}, Secret(std::string(as_text(key))));
    if (done) done = volumes->lock("trial");
    const Status destroyed = volumes->destroy("trial");
    if (!done) return std::move(done).error();
    if (!destroyed) return Error(destroyed.error());
    return volumes->backing();
  };
  const Result<VolumeBacking> backing = trial();
  const Status ignored = remove_tree(state);
  static_cast<void>(ignored);
  if (!parent_existed) ::rmdir(paths.state.substr(0, slash).c_str());
  if (!backing) {
    return failed("encrypted-volumes", backing.error(), "boot a kernel with CONFIG_FS_ENCRYPTION");
  }
  return ok("encrypted-volumes", *backing == VolumeBacking::folder
                                     ? "fscrypt on the file system of " + paths.state
                                     : std::string("fscrypt on an image for each volume"));
}

/// Free bytes without what is kept for a privileged few: not every root may use that.
std::uint64_t space_at(std::string path) {
  struct statvfs info {};
  while (::statvfs(path.c_str(), &info) != 0) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos || path == "/") return 0;
    path.resize(std::max<std::size_t>(slash, 1));
  }
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

Check check_space(const std::string& name, const std::string& folder, std::uint64_t wanted) {
  const std::uint64_t free = space_at(folder);
  const std::string detail = format_size(free) + " free in " + folder;
  if (free >= wanted) return ok(name, detail);
  return failed(name, detail + ", " + format_size(wanted) + " wanted", "make room there");
}

Check check_port(const Port& port) {
  const std::string name = "port-" + std::to_string(port.port);
  const Result<UniqueFd> socket = open_listener(port.address, port.port);
  if (socket) return ok(name, port.address + " is free");
  return failed(name, socket.error(), "give the stack another port");
}

Check check_programs() {
  std::vector<std::string> missing;
  if (find_program("mkfs.ext4").empty()) missing.emplace_back("e2fsprogs");
  if (find_program("conmon").empty()) missing.emplace_back("conmon");
  if (!missing.empty()) {
    return failed("programs", "not installed: " + join(missing, ", "),
                  "apt-get install " + join(missing, " "));
  }
  if (find_program("ip").empty()) {
    return warning("programs", "ip is missing: only people need it", "apt-get install iproute2");
  }
  return ok("programs", "mkfs.ext4, conmon, ip");
}

/// Certificates are made with the machine's clock.
Check check_clock() {
  constexpr std::time_t kTooEarly = 1767225600; // 2026-01-01, before this program was written
  constexpr std::time_t kTooLate = 4102444800;  // 2100-01-01
  const std::time_t now = std::time(nullptr);
  if (now < kTooEarly || now > kTooLate) {
    return failed("clock", "the clock cannot be right: " + std::to_string(now) + " s since 1970",
                  "set it (timedatectl, chrony)");
  }
  return ok("clock", "within reason");
}

Check check_init() {
  if (exists("/run/systemd/system")) return ok("init", "systemd");
  return warning("init", "no systemd: nothing starts the agent again after a reboot",
                 "start `allod agent` from your init system");
}

} // namespace

const char* to_string(CheckState state) {
  switch (state) {
  case CheckState::ok:
    return "ok";
  case CheckState::warning:
    return "warning";
  case CheckState::failed:
    return "failed";
  }
  return "failed";
}

std::vector<Check> preflight(const HostPaths& paths, const PreflightOptions& options) {
  std::vector<Check> checks = {check_root(),
                               check_kernel(),
                               check_namespaces(),
                               check_programs(),
                               check_cgroups(),
                               check_runtime(paths, options.trial_container),
                               check_seccomp(),
                               check_veth(),
                               check_nftables(),
                               check_volumes(paths),
                               check_space("state-space", paths.state, options.state_bytes),
                               check_space("store-space", options.store, options.store_bytes),
                               check_clock(),
                               check_init()};
  for (const Port& port : options.ports)
    checks.push_back(check_port(port));
  return checks;
}

} // namespace allod::host
