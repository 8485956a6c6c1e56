#include "agent/unit_container.h"

#include <algorithm>
#include <filesystem>

#include "agent/log_keeper.h"
#include "agent/unit_files.h"
#include "agent/workload_endpoint.h"
#include "document/json_writer.h"

namespace allod::agent {
namespace {

using document::Value;

constexpr std::uint64_t kTmpSize = 16U << 20;
constexpr std::uint64_t kRunSize = 4U << 20;

void add_environment(const UnitDefinition& unit, host::ContainerSpec& spec) {
  if (unit.workload_api) spec.environment[kWorkloadVariable] = kWorkloadAddress;
  const Value* environment = unit.spec.find("environment");
  if (environment == nullptr || !environment->is_map()) return;
  for (const document::Member& member : environment->members()) {
    spec.environment[member.key] = document::plain_text(member.value);
  }
}

void add_user(const UnitDefinition& unit, host::ContainerSpec& spec) {
  spec.uid = unit.user;
  spec.gid = unit.user;
  const Value* user = unit.spec.find("user");
  const std::string name = user == nullptr ? "unit" : user->string_or("name", "unit");
  const std::string home = user == nullptr ? "/" : user->string_or("home", "/");
  const std::string id = std::to_string(unit.user);
  spec.passwd = {"root:x:0:0:root:/root:/usr/sbin/nologin",
                 name + ":x:" + id + ":" + id + "::" + home + ":/bin/sh"};
  spec.group = {"root:x:0:", name + ":x:" + id + ":"};
  if (name == "root") {
    spec.passwd.erase(spec.passwd.begin());
    spec.group.erase(spec.group.begin());
  }
  if (!spec.environment.contains("HOME")) spec.environment["HOME"] = home;
}

void add_memory_folders(const UnitDefinition& unit, host::ContainerSpec& spec) {
  std::map<std::string, std::uint64_t> sizes = {{"/tmp", kTmpSize}, {"/run", kRunSize}};
  if (const Value* writable = unit.spec.find("writable");
      writable != nullptr && writable->is_list()) {
    for (const Value& entry : writable->items()) {
      const auto size = static_cast<std::uint64_t>(
          std::max<std::int64_t>(entry.integer_or("sizeBytes", 16 << 20), 4096));
      sizes[entry.string_or("path", "")] = size;
    }
  }
  for (const auto& [path, size] : sizes) {
    if (path == "/dev/shm") {
      spec.shared_memory = size;
      continue;
    }
    host::Tmpfs folder;
    folder.destination = path;
    folder.size = size;
    folder.mode = path == "/tmp" ? 01777 : 0755;
    folder.uid = unit.user;
    folder.gid = unit.user;
    spec.tmpfs.push_back(std::move(folder));
  }
}

host::Mount mount(std::string source, std::string destination, bool read_only) {
  host::Mount result;
  result.source = std::move(source);
  result.destination = std::move(destination);
  result.read_only = read_only;
  return result;
}

/// What lies in the folder beside/ next to an image's tree goes over the tree, at the same path
/// (docs/images.md, "Beside the image").
void add_beside(const std::string& rootfs, std::vector<host::Mount>& mounts) {
  const std::filesystem::path folder = std::filesystem::path(rootfs).parent_path() / "beside";
  std::error_code none;
  for (std::filesystem::recursive_directory_iterator entry(folder, none), end; entry != end;
       entry.increment(none)) {
    if (none || !entry->is_regular_file(none)) continue;
    const std::string source = std::filesystem::canonical(entry->path(), none).string();
    const std::string path = "/" + entry->path().lexically_relative(folder).string();
    if (!source.empty()) mounts.push_back(mount(source, path, true));
  }
}

Status add_mounts(const UnitDefinition& unit, const Places& places, const ContainerParts& parts,
                  host::ContainerSpec& spec) {
  add_beside(parts.rootfs, spec.mounts);
  spec.mounts.insert(spec.mounts.end(), parts.files.begin(), parts.files.end());
  for (const auto& [volume, path] : unit.volumes) {
    const auto found = parts.volumes.find(volume);
    if (found == parts.volumes.end()) {
      return Error(ErrorCode::invalid_input,
                   unit.resource + ": volume " + volume + " is not there");
    }
    spec.mounts.push_back(mount(found->second, path, false));
  }
  if (unit.has_identity) {
    spec.mounts.push_back(mount(places.identity_of(unit.name), "/run/identity", true));
  }
  if (unit.workload_api) {
    spec.mounts.push_back(mount(places.workload_api(), kWorkloadFolder, true));
  }
  spec.mounts.push_back(mount(places.shared_of(unit.component), "/run/shared", false));
  return {};
}

void add_limits(const UnitDefinition& unit, host::ContainerSpec& spec) {
  // Between two looks of the agent a unit may write much: conmon stops it here.
  spec.log_limit = log_keep(unit);
  if (const Value* resources = unit.spec.find("resources")) {
    spec.memory_limit = static_cast<std::uint64_t>(
        std::max<std::int64_t>(resources->integer_or("memoryBytes", 0), 0));
    spec.pids_limit = resources->integer_or("pids", spec.pids_limit);
  }
  const Value* capabilities = unit.spec.find("capabilities");
  if (capabilities == nullptr) return;
  std::vector<std::string> names;
  if (capabilities->is_map()) {
    for (const document::Member& member : capabilities->members())
      names.push_back(member.key);
  } else {
    names = unit.spec.strings_at("capabilities");
  }
  for (const std::string& name : names) {
    spec.capabilities.push_back(name.starts_with("CAP_") ? name : "CAP_" + name);
  }
}

} // namespace

Result<host::ContainerSpec> container_spec(const UnitDefinition& unit, const Places& places,
                                           const ContainerParts& parts) {
  host::ContainerSpec spec;
  spec.id = unit.name;
  spec.rootfs = parts.rootfs;
  spec.command = unit.spec.strings_at("command");
  spec.folder = unit.spec.string_or("workingDirectory", "/");
  spec.hostname = unit.component;
  if (!parts.network_namespace.empty()) {
    spec.network = host::NetworkKind::existing;
    spec.network_namespace = parts.network_namespace;
  }
  spec.cgroup = places.host().cgroup() + "/" + unit.name;
  spec.log_path = places.log_of(unit.name);
  spec.hosts = hosts_text(unit);
  spec.stop_signal = unit.stop_signal;
  spec.grace = unit.grace;
  spec.seccomp = parts.seccomp;
  spec.sockets = parts.sockets;
  add_environment(unit, spec);
  add_user(unit, spec);
  add_memory_folders(unit, spec);
  add_limits(unit, spec);
  if (Status added = add_mounts(unit, places, parts, spec); !added) {
    return std::move(added).error();
  }
  return spec;
}

} // namespace allod::agent
