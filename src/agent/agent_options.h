// What an agent is given by the program that runs it.
#pragma once

#include <chrono>
#include <string>

#include "agent/places.h"
#include "agent/unit_files.h"
#include "agent/unit_launcher.h"
#include "document/value.h"
#include "trust/certificate_authority.h"

namespace allod::agent {

struct AgentOptions {
  Places places;
  ImageResolver images;                   ///< the folder of an image's tree
  FormatWriter formats = usual_formats(); ///< the texts of configuration files
  document::Value seccomp; ///< linux.seccomp of the OCI runtime specification; null: no filter
  std::string version = "0.1.0";
  trust::Clock clock = now;
  /// Between two looks at the network, files and identities.
  std::chrono::milliseconds repair_interval{30000};
};

} // namespace allod::agent
