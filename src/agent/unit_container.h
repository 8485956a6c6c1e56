// From a unit's definition to the container that the host target runs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/places.h"
#include "agent/unit_definition.h"
#include "base/result.h"
#include "document/value.h"
#include "host/container_spec.h"

namespace allod::agent {

/// What a container needs beside its definition.
struct ContainerParts {
  std::string rootfs;
  std::string network_namespace;              ///< a path
  std::vector<host::Mount> files;             ///< UnitFiles::mounts()
  std::map<std::string, std::string> volumes; ///< COMPONENT.NAME → path of its data
  std::vector<host::ListeningSocket> sockets;
  document::Value seccomp; ///< null: no filter
};

/// Errors: invalid_input.
Result<host::ContainerSpec> container_spec(const UnitDefinition& unit, const Places& places,
                                           const ContainerParts& parts);

} // namespace allod::agent
