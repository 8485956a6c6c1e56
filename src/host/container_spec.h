// What a unit or a step is made of, in our words; container_config.h turns it into the OCI runtime
// specification's.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "document/value.h"

namespace allod::host {

/// A bind mount. nosuid, nodev and noexec hold unless `options` names their opposites ("exec").
struct Mount {
  std::string source;      ///< a folder or a file of the machine
  std::string destination; ///< absolute, in the container
  bool read_only = true;
  std::vector<std::string> options;
};

/// A file system in memory, counted against the unit's memory limit. Always nosuid and nodev.
struct Tmpfs {
  std::string destination;
  std::uint64_t size = 16U << 20; ///< bytes
  mode_t mode = 0755;
  uid_t uid = 0;
  gid_t gid = 0;
  bool executable = false;
};

/// A socket that the unit gets as LISTEN_FDS (sd_listen_fds(3)): the first is descriptor 3.
struct ListeningSocket {
  int fd = -1;      ///< ours; stays ours
  std::string name; ///< for LISTEN_FDNAMES, without colons
};

enum class NetworkKind {
  none,     ///< a new namespace with only its loopback device
  existing, ///< the one at `network_namespace`
};

struct ContainerSpec {
  std::string id; ///< unique in the stack: letters, digits, '-', '_', '.'; at most 100
  /// A folder with the unit's file tree; mounted read-only. Destinations that it lacks are made in
  /// it by the runtime, so a shared tree should have them beforehand: see mount_points().
  std::string rootfs;
  std::vector<std::string> command;
  std::map<std::string, std::string> environment; ///< PATH is added when it is missing
  std::string folder = "/";                       ///< working folder
  uid_t uid = 65534;
  gid_t gid = 65534;
  std::vector<gid_t> groups; ///< supplementary
  std::string hostname;      ///< empty: the id

  NetworkKind network = NetworkKind::none;
  std::string network_namespace; ///< a path, for instance /run/netns/allod-home-postgresql

  std::vector<Mount> mounts;
  /// Beyond /tmp (64 MB), /run (16 MB) and /dev/shm, which are always there; naming one of the
  /// first two here replaces it.
  std::vector<Tmpfs> tmpfs;
  std::uint64_t shared_memory = 64U << 20; ///< size of /dev/shm in bytes

  std::uint64_t memory_limit = 0;          ///< bytes; 0: none
  std::int64_t pids_limit = 512;           ///< 0: none
  std::optional<std::uint32_t> cpu_weight; ///< 1 to 10000, 100 is usual (cgroup v2's cpu.weight)
  std::uint64_t open_files = 65536;        ///< RLIMIT_NOFILE
  /// For instance /allod/home/postgresql, relative to each hierarchy's root.
  std::string cgroup;

  std::vector<std::string> capabilities; ///< "CAP_NET_BIND_SERVICE"; default none
  document::Value seccomp; ///< linux.seccomp of the runtime specification; null: no filter

  std::vector<ListeningSocket> sockets;
  std::string hosts;               ///< content of /etc/hosts; empty: localhost alone
  std::vector<std::string> passwd; ///< lines; empty: root and the unit's own user
  std::vector<std::string> group;

  int stop_signal = 15;
  std::chrono::milliseconds grace{10000}; ///< from the stop signal to SIGKILL

  std::string log_path;                ///< CRI log format (k8s-file); empty: <bundle>/log
  std::uint64_t log_limit = 16U << 20; ///< bytes; the log begins anew when it is reached
};

/// Every path that must exist in the root file system for the spec to start without writing to it;
/// folders end in '/'.
[[nodiscard]] std::vector<std::string> mount_points(const ContainerSpec& spec);

} // namespace allod::host
