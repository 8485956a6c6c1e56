#include "host/container_config.h"

#include <algorithm>
#include <cstdio>

#include <sys/resource.h>

#include "base/files.h"
#include "base/text.h"
#include "host/names.h"

namespace allod::host {
namespace {

using document::Value;

constexpr const char* kSearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

Value strings(const std::vector<std::string>& texts) {
  Value list = Value::list();
  for (const std::string& text : texts)
    list.push(text);
  return list;
}

Value integer(std::uint64_t number) {
  return Value(static_cast<std::int64_t>(number));
}

Value mount(const std::string& type, const std::string& source, const std::string& destination,
            const std::vector<std::string>& options) {
  Value value = Value::map();
  value.set("destination", destination);
  value.set("type", type);
  value.set("source", source);
  value.set("options", strings(options));
  return value;
}

Value tmpfs_mount(const Tmpfs& tmpfs) {
  char mode[16];
  std::snprintf(mode, sizeof mode, "mode=%04o", static_cast<unsigned>(tmpfs.mode & 07777U));
  std::vector<std::string> options = {"nosuid", "nodev"};
  if (!tmpfs.executable) options.emplace_back("noexec");
  options.emplace_back(mode);
  options.push_back("size=" + std::to_string(tmpfs.size));
  options.push_back("uid=" + std::to_string(tmpfs.uid));
  options.push_back("gid=" + std::to_string(tmpfs.gid));
  return mount("tmpfs", "tmpfs", tmpfs.destination, options);
}

Value bind_mount(const Mount& wanted) {
  const auto has = [&](const char* option) {
    return std::find(wanted.options.begin(), wanted.options.end(), option) != wanted.options.end();
  };
  std::vector<std::string> options = {"bind", wanted.read_only ? "ro" : "rw", "private"};
  for (const char* kept : {"suid", "dev", "exec"}) {
    if (!has(kept)) options.push_back(std::string("no") + kept);
  }
  for (const std::string& option : wanted.options) {
    if (std::find(options.begin(), options.end(), option) == options.end()) {
      options.push_back(option);
    }
  }
  return mount("bind", wanted.source, wanted.destination, options);
}

/// The file systems in memory: the spec's, and the usual ones that it does not name.
std::vector<Tmpfs> all_tmpfs(const ContainerSpec& spec) {
  // Owned by the unit's user: runc (1.1) gives a tmpfs the mode of the folder that it covers.
  std::vector<Tmpfs> all = {
      {.destination = "/tmp", .size = 64U << 20, .mode = 01777, .uid = spec.uid, .gid = spec.gid},
      {.destination = "/run", .size = 16U << 20, .mode = 0755, .uid = spec.uid, .gid = spec.gid}};
  std::erase_if(all, [&](const Tmpfs& usual) {
    return std::any_of(spec.tmpfs.begin(), spec.tmpfs.end(),
                       [&](const Tmpfs& given) { return given.destination == usual.destination; });
  });
  all.insert(all.end(), spec.tmpfs.begin(), spec.tmpfs.end());
  return all;
}

Value mounts_of(const ContainerSpec& spec, const std::string& etc_folder) {
  Value list = Value::list();
  list.push(mount("proc", "proc", "/proc", {"nosuid", "noexec", "nodev"}));
  list.push(mount("tmpfs", "tmpfs", "/dev",
                  {"nosuid", "noexec", "strictatime", "mode=755", "size=65536"}));
  list.push(mount("devpts", "devpts", "/dev/pts",
                  {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}));
  list.push(mount(
      "tmpfs", "shm", "/dev/shm",
      {"nosuid", "noexec", "nodev", "mode=1777", "size=" + std::to_string(spec.shared_memory)}));

  std::vector<Value> others;
  for (const Tmpfs& tmpfs : all_tmpfs(spec))
    others.push_back(tmpfs_mount(tmpfs));
  for (const char* file : {"hosts", "passwd", "group"}) {
    others.push_back(bind_mount({etc_folder + "/" + file, std::string("/etc/") + file, true, {}}));
  }
  for (const Mount& wanted : spec.mounts)
    others.push_back(bind_mount(wanted));
  // What is mounted on a folder must come after the folder.
  std::stable_sort(others.begin(), others.end(), [](const Value& left, const Value& right) {
    const auto depth = [](const Value& value) {
      const std::string path = value.string_or("destination", "");
      return std::count(path.begin(), path.end(), '/');
    };
    return depth(left) < depth(right);
  });
  for (Value& other : others)
    list.push(std::move(other));
  return list;
}

Value rlimit(const char* type, std::uint64_t limit) {
  Value value = Value::map();
  value.set("type", type);
  value.set("hard", integer(limit));
  value.set("soft", integer(limit));
  return value;
}

Value capability_sets(const std::vector<std::string>& capabilities) {
  Value sets = Value::map();
  for (const char* set : {"bounding", "effective", "permitted", "inheritable", "ambient"}) {
    sets.set(set, strings(capabilities));
  }
  return sets;
}

std::vector<std::string> environment_of(const ContainerSpec& spec) {
  std::vector<std::string> entries;
  if (!spec.environment.contains("PATH")) entries.push_back(std::string("PATH=") + kSearchPath);
  for (const auto& [name, value] : spec.environment)
    entries.push_back(name + "=" + value);
  if (!spec.sockets.empty()) {
    std::vector<std::string> names;
    for (const ListeningSocket& socket : spec.sockets)
      names.push_back(socket.name);
    entries.push_back("LISTEN_FDS=" + std::to_string(spec.sockets.size()));
    // The unit is the first process of its pid namespace.
    entries.emplace_back("LISTEN_PID=1");
    entries.push_back("LISTEN_FDNAMES=" + join(names, ":"));
  }
  return entries;
}

Value process_of(const ContainerSpec& spec, const MachineFacts& facts) {
  Value user = Value::map();
  user.set("uid", integer(spec.uid));
  user.set("gid", integer(spec.gid));
  user.set("umask", 0077);
  if (!spec.groups.empty()) {
    Value groups = Value::list();
    for (const gid_t group : spec.groups)
      groups.push(integer(group));
    user.set("additionalGids", std::move(groups));
  }
  Value process = Value::map();
  process.set("terminal", false);
  process.set("user", std::move(user));
  process.set("args", strings(spec.command));
  process.set("env", strings(environment_of(spec)));
  process.set("cwd", spec.folder);
  process.set("capabilities", capability_sets(spec.capabilities));
  Value rlimits = Value::list();
  rlimits.push(rlimit("RLIMIT_NOFILE", std::min(spec.open_files, facts.open_files)));
  // A core dump would lay keys on a disk.
  rlimits.push(rlimit("RLIMIT_CORE", 0));
  process.set("rlimits", std::move(rlimits));
  process.set("noNewPrivileges", true);
  return process;
}

Value namespaces_of(const ContainerSpec& spec) {
  Value list = Value::list();
  for (const char* type : {"pid", "mount", "ipc", "uts", "network"}) {
    Value space = Value::map();
    space.set("type", type);
    if (std::string_view(type) == "network" && spec.network == NetworkKind::existing) {
      space.set("path", spec.network_namespace);
    }
    list.push(std::move(space));
  }
  return list;
}

void set_cpu_weight(Value& resources, const ContainerSpec& spec, const MachineFacts& facts) {
  if (!spec.cpu_weight || !facts.cpu_controller) return;
  if (facts.cgroups == CgroupMode::v2) {
    // As it is: the way over shares, which runtimes convert, does not keep 100 at 100.
    Value unified = Value::map();
    unified.set("cpu.weight", std::to_string(*spec.cpu_weight));
    resources.set("unified", std::move(unified));
    return;
  }
  Value cpu = Value::map();
  cpu.set("shares", integer(std::max<std::uint64_t>(2, *spec.cpu_weight * 1024ULL / 100)));
  resources.set("cpu", std::move(cpu));
}

Value resources_of(const ContainerSpec& spec, const MachineFacts& facts) {
  Value nothing = Value::map();
  nothing.set("allow", false);
  nothing.set("access", "rwm");
  Value resources = Value::map();
  resources.set("devices", Value(Value::List{std::move(nothing)}));
  if (spec.memory_limit != 0 && facts.memory_controller) {
    Value memory = Value::map();
    memory.set("limit", integer(spec.memory_limit));
    // Equal to the limit: no swap. Keys in memory must not reach a disk.
    if (facts.swap_accounting) memory.set("swap", integer(spec.memory_limit));
    resources.set("memory", std::move(memory));
  }
  if (spec.pids_limit != 0 && facts.pids_controller) {
    Value pids = Value::map();
    pids.set("limit", Value(spec.pids_limit));
    resources.set("pids", std::move(pids));
  }
  set_cpu_weight(resources, spec, facts);
  return resources;
}

Value linux_of(const ContainerSpec& spec, const MachineFacts& facts) {
  Value section = Value::map();
  section.set("namespaces", namespaces_of(spec));
  section.set("cgroupsPath", spec.cgroup);
  section.set("resources", resources_of(spec, facts));
  section.set("rootfsPropagation", "private");
  if (!spec.seccomp.is_null()) section.set("seccomp", spec.seccomp);
  section.set(
      "maskedPaths",
      strings({"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
               "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
               "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware"}));
  section.set("readonlyPaths",
              strings({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}));
  return section;
}

Error bad(const std::string& field, const std::string& why) {
  return Error(ErrorCode::invalid_input, field + ": " + why);
}

bool clean_absolute(const std::string& path) {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos) return false;
  const std::vector<std::string> parts = split(path, '/');
  return std::none_of(parts.begin(), parts.end(),
                      [](const std::string& part) { return part == ".." || part == "."; });
}

bool one_line(const std::string& text) {
  return text.find('\n') == std::string::npos && text.find('\0') == std::string::npos;
}

Status validate_mounts(const ContainerSpec& spec) {
  for (const Mount& wanted : spec.mounts) {
    if (!clean_absolute(wanted.destination)) {
      return bad("mounts", "\"" + wanted.destination + "\" is no absolute path");
    }
    if (!clean_absolute(wanted.source) || !exists(wanted.source)) {
      return bad("mounts", "there is no " + wanted.source);
    }
  }
  for (const Tmpfs& tmpfs : spec.tmpfs) {
    if (!clean_absolute(tmpfs.destination)) {
      return bad("tmpfs", "\"" + tmpfs.destination + "\" is no absolute path");
    }
    if (tmpfs.size == 0) return bad("tmpfs", tmpfs.destination + " has no size");
  }
  return {};
}

Status validate_process(const ContainerSpec& spec) {
  if (spec.command.empty() || spec.command.front().empty()) return bad("command", "is empty");
  for (const std::string& argument : spec.command) {
    if (argument.find('\0') != std::string::npos) return bad("command", "holds a zero byte");
  }
  for (const auto& [name, value] : spec.environment) {
    if (name.empty() || name.find('=') != std::string::npos || !one_line(name) ||
        value.find('\0') != std::string::npos) {
      return bad("environment", "\"" + name + "\" is no name of a variable");
    }
  }
  if (!clean_absolute(spec.folder)) return bad("folder", "is no absolute path");
  for (const std::string& capability : spec.capabilities) {
    if (!capability.starts_with("CAP_")) return bad("capabilities", capability + " is none");
  }
  for (const ListeningSocket& socket : spec.sockets) {
    if (socket.fd < 0) return bad("sockets", "\"" + socket.name + "\" has no descriptor");
    if (!is_object_name(socket.name)) return bad("sockets", "\"" + socket.name + "\" is no name");
  }
  return {};
}

} // namespace

MachineFacts MachineFacts::detect(const Cgroups& cgroups) {
  MachineFacts facts;
  facts.cgroups = cgroups.mode();
  facts.memory_controller = cgroups.has_controller("memory");
  facts.pids_controller = cgroups.has_controller("pids");
  facts.cpu_controller = cgroups.has_controller("cpu");
  facts.swap_accounting = cgroups.accounts_swap();
  rlimit64 limit{};
  if (::getrlimit64(RLIMIT_NOFILE, &limit) == 0) facts.open_files = limit.rlim_max;
  return facts;
}

Status validate(const ContainerSpec& spec) {
  if (!is_object_name(spec.id)) return bad("id", "\"" + spec.id + "\" is no name");
  if (!clean_absolute(spec.rootfs) || !is_directory(spec.rootfs)) {
    return bad("rootfs", "there is no folder " + spec.rootfs);
  }
  if (!clean_absolute(spec.cgroup) || spec.cgroup == "/") {
    return bad("cgroup", "\"" + spec.cgroup + "\" is no path below the root");
  }
  if (spec.network == NetworkKind::existing && !exists(spec.network_namespace)) {
    return bad("network namespace", "there is no " + spec.network_namespace);
  }
  if (spec.cpu_weight && (*spec.cpu_weight < 1 || *spec.cpu_weight > 10000)) {
    return bad("cpu weight", "must be from 1 to 10000");
  }
  if (spec.stop_signal < 1 || spec.stop_signal > 64) return bad("stop signal", "must be 1 to 64");
  for (const std::string& line : spec.passwd) {
    if (!one_line(line)) return bad("passwd", "a line holds a line break");
  }
  for (const std::string& line : spec.group) {
    if (!one_line(line)) return bad("group", "a line holds a line break");
  }
  if (Status process = validate_process(spec); !process) return process;
  return validate_mounts(spec);
}

Value oci_config(const ContainerSpec& spec, const MachineFacts& facts,
                 const std::string& etc_folder) {
  Value root = Value::map();
  root.set("path", spec.rootfs);
  root.set("readonly", true);
  Value config = Value::map();
  config.set("ociVersion", "1.0.2");
  config.set("process", process_of(spec, facts));
  config.set("root", std::move(root));
  config.set("hostname", spec.hostname.empty() ? spec.id : spec.hostname);
  config.set("mounts", mounts_of(spec, etc_folder));
  config.set("linux", linux_of(spec, facts));
  return config;
}

std::string hosts_file(const ContainerSpec& spec) {
  if (!spec.hosts.empty()) return spec.hosts;
  return "127.0.0.1 localhost " + (spec.hostname.empty() ? spec.id : spec.hostname) + "\n";
}

std::string passwd_file(const ContainerSpec& spec) {
  if (!spec.passwd.empty()) return join(spec.passwd, "\n") + "\n";
  std::string text = "root:x:0:0:root:/root:/usr/sbin/nologin\n";
  if (spec.uid != 0) {
    text += "unit:x:" + std::to_string(spec.uid) + ":" + std::to_string(spec.gid) +
            ":unit:/:/usr/sbin/nologin\n";
  }
  return text;
}

std::string group_file(const ContainerSpec& spec) {
  if (!spec.group.empty()) return join(spec.group, "\n") + "\n";
  std::string text = "root:x:0:\n";
  if (spec.gid != 0) text += "unit:x:" + std::to_string(spec.gid) + ":\n";
  return text;
}

std::vector<std::string> mount_points(const ContainerSpec& spec) {
  std::vector<std::string> points = {"/proc/", "/dev/", "/etc/hosts", "/etc/passwd", "/etc/group"};
  const std::vector<Tmpfs> in_memory = all_tmpfs(spec);
  // What lies in a file system in memory is made there.
  const auto hidden = [&](const std::string& destination) {
    return std::any_of(in_memory.begin(), in_memory.end(), [&](const Tmpfs& tmpfs) {
      return destination.starts_with(tmpfs.destination + "/");
    });
  };
  for (const Tmpfs& tmpfs : in_memory) {
    if (!hidden(tmpfs.destination)) points.push_back(tmpfs.destination + "/");
  }
  for (const Mount& wanted : spec.mounts) {
    if (hidden(wanted.destination)) continue;
    points.push_back(is_directory(wanted.source) ? wanted.destination + "/" : wanted.destination);
  }
  return points;
}

} // namespace allod::host
