#include "agent/unit_launcher.h"

#include <fcntl.h>
#include <unistd.h>

#include "agent/run_folder.h"
#include "base/files.h"
#include "base/hash.h"
#include "document/json_writer.h"

namespace allod::agent {
namespace {

/// What a unit was started with. Probes and the like are left out: they change without a restart.
std::string digest_of(const UnitDefinition& unit) {
  document::Value spec = unit.spec;
  for (const char* hot : {"ready", "stop", "hosts", "files"})
    spec.erase(hot);
  return sha256_hex(document::write_canonical_json(spec).value_or(std::string()) + "\n" +
                    unit.address + "\n" + std::to_string(unit.user));
}

trust::IdentityOwner owner_of(const UnitDefinition& unit) {
  return {.user = unit.user, .group = unit.user};
}

} // namespace

Result<ContainerParts> UnitLauncher::container_parts(const UnitDefinition& unit) {
  ContainerParts parts;
  Result<std::string> rootfs = parts_.images(unit.image_name, unit.image_key);
  if (!rootfs) return std::move(rootfs).error().during("finding image " + unit.image_name);
  parts.rootfs = std::move(*rootfs);
  parts.network_namespace = parts_.network.component_namespace(unit.component);
  parts.files = parts_.files.mounts(unit);
  parts.seccomp = parts_.seccomp;
  for (const auto& [volume, path] : unit.volumes) {
    Result<std::string> data = parts_.volumes.path(volume);
    if (!data) return std::move(data).error();
    parts.volumes[volume] = std::move(*data);
  }
  for (const auto& [name, address] : unit.sockets) {
    const Result<int> socket = parts_.listeners.get(address);
    if (!socket) return socket.error();
    parts.sockets.push_back({*socket, name});
  }
  return parts;
}

Result<host::ContainerSpec> UnitLauncher::prepare(const UnitDefinition& unit) {
  if (Status shared = mount_shared_folder(parts_.places, unit.component); !shared) {
    return std::move(shared).error();
  }
  if (Status laid = parts_.files.lay(unit); !laid) return std::move(laid).error();
  if (unit.has_identity) {
    if (Status laid = parts_.identities.lay(unit.name, unit.component, owner_of(unit)); !laid) {
      return std::move(laid).error();
    }
  }
  if (unit.workload_api) {
    if (Status served = parts_.workload.ensure(); !served) return std::move(served).error();
  }
  Result<ContainerParts> parts = container_parts(unit);
  if (!parts) return std::move(parts).error();
  return container_spec(unit, parts_.places, *parts);
}

Result<host::Container> UnitLauncher::launch(const UnitDefinition& unit) {
  const host::HostPaths paths = parts_.places.host();
  if (const auto earlier = host::Container::adopt(parts_.runtime, paths, unit.name); earlier) {
    const Result<host::StopOutcome> stopped = earlier->stop();
    if (!stopped) return stopped.error();
  }
  Result<host::ContainerSpec> spec = prepare(unit);
  if (!spec) return std::move(spec).error();
  if (Status noted = note_digest(unit); !noted) return std::move(noted).error();
  return host::Container::start(parts_.runtime, paths, *spec);
}

Result<Finished> UnitLauncher::run_to_end(const UnitDefinition& unit,
                                          const host::StepOptions& options) {
  Result<host::ContainerSpec> spec = prepare(unit);
  Result<Finished> finished =
      spec ? host::Container::run_to_end(parts_.runtime, parts_.places.host(), *spec, options)
           : Result<Finished>(spec.error());
  if (Status gone = remove(unit.name); !gone && finished) return std::move(gone).error();
  return finished;
}

Result<host::Container> UnitLauncher::find_running(const UnitDefinition& unit) {
  Result<host::Container> container =
      host::Container::adopt(parts_.runtime, parts_.places.host(), unit.name);
  if (!container) return std::move(container).error();
  const host::ContainerState state = container->state();
  const auto unfit = [&](const std::string& why) {
    return Error(ErrorCode::not_found, unit.name + " " + why);
  };
  if (state.phase != host::Phase::running) return unfit("does not run");
  if (!state.conmon_alive) return unfit("has lost its monitor");
  const Result<std::string> digest = read_file(parts_.places.digest_of(unit.name));
  if (!digest || *digest != digest_of(unit)) return unfit("runs with another definition");
  const std::string network = parts_.network.component_namespace(unit.component);
  const std::string own = "/proc/" + std::to_string(state.pid) + "/ns/net";
  if (namespace_number(network) != namespace_number(own)) return unfit("is in another network");
  return container;
}

Result<bool> UnitLauncher::take_up(const UnitDefinition& unit, const host::Container& container) {
  for (const auto& [name, address] : unit.sockets) {
    if (Status taken = parts_.listeners.recover(address, container.pid()); !taken) {
      return std::move(taken).error().during("fetching the socket of " + unit.name);
    }
  }
  if (!unit.has_identity) return false;
  if (unit.workload_api) {
    if (Status served = parts_.workload.ensure(); !served) return std::move(served).error();
  }
  const Result<bool> fine = parts_.identities.adopt(unit.name, unit.component, owner_of(unit));
  if (!fine) return fine.error();
  return !*fine;
}

Status UnitLauncher::remove(const std::string& unit) {
  Status gone = host::Container::remove(parts_.runtime, parts_.places.host(), unit);
  if (gone) gone = parts_.files.forget(unit);
  if (gone) gone = parts_.identities.forget(unit);
  if (gone) gone = remove_tree(parts_.places.digest_of(unit));
  return gone;
}

Status UnitLauncher::note_digest(const UnitDefinition& unit) {
  return write_file(parts_.places.digest_of(unit.name), digest_of(unit));
}

Status UnitLauncher::write_hosts(const UnitDefinition& unit) {
  // In place: the file itself is mounted, a renamed one would not be seen inside.
  const std::string path = parts_.places.host().bundle(unit.name) + "/etc/hosts";
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return errno_error("open " + path);
  const std::string text = hosts_text(unit);
  if (::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()) ||
      ::ftruncate(file.get(), static_cast<off_t>(text.size())) != 0) {
    return errno_error("write " + path);
  }
  return {};
}

} // namespace allod::agent
