// Lays out everything that a unit needs and starts its container; and takes it all away again.
#pragma once

#include <functional>
#include <string>

#include "agent/identity_keeper.h"
#include "agent/listener_keeper.h"
#include "agent/network_keeper.h"
#include "agent/places.h"
#include "agent/unit_container.h"
#include "agent/unit_definition.h"
#include "agent/unit_files.h"
#include "agent/volume_keeper.h"
#include "agent/workload_endpoint.h"
#include "base/result.h"
#include "host/container.h"

namespace allod::agent {

/// The folder of an image's file tree, by its name and the key of its content. Called from several
/// threads.
using ImageResolver =
    std::function<Result<std::string>(const std::string& name, const std::string& key)>;

/// Calls are safe from several threads as long as they are for different units. What it is given
/// must outlive it.
class UnitLauncher {
 public:
  struct Parts {
    Places places;
    host::Runtime runtime;
    NetworkKeeper& network;
    VolumeKeeper& volumes;
    ListenerKeeper& listeners;
    IdentityKeeper& identities;
    WorkloadEndpoint& workload;
    UnitFiles& files;
    ImageResolver images;
    document::Value seccomp;
  };
  explicit UnitLauncher(Parts parts) : parts_(std::move(parts)) {}

  /// Files, identity, shared folder, sockets: everything but the container. The container's spec.
  Result<host::ContainerSpec> prepare(const UnitDefinition& unit);
  /// prepare(), then started. A running one of this name is stopped first.
  Result<host::Container> launch(const UnitDefinition& unit);
  /// Runs a step's container to its end; everything of it is gone afterwards but its log.
  Result<Finished> run_to_end(const UnitDefinition& unit, const host::StepOptions& options);
  /// The container that an earlier agent started, if it runs as this definition says and is
  /// watched over. Errors: not_found otherwise, with the reason.
  Result<host::Container> find_running(const UnitDefinition& unit);
  /// Recovers sockets and identity of a unit that goes on running; true when its identity had to be
  /// laid anew.
  Result<bool> take_up(const UnitDefinition& unit, const host::Container& container);
  /// Ends what there is of a unit and removes its files.
  Status remove(const std::string& unit);
  /// The definition changed without a restart.
  Status note_digest(const UnitDefinition& unit);
  /// /etc/hosts of a running unit.
  Status write_hosts(const UnitDefinition& unit);

  [[nodiscard]] UnitFiles& files() { return parts_.files; }
  [[nodiscard]] const Parts& parts() const { return parts_; }

 private:
  Result<ContainerParts> container_parts(const UnitDefinition& unit);
  Parts parts_;
};

} // namespace allod::agent
