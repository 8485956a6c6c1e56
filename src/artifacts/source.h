// Where parts come from. A source resolves what a definition asks for into exact items, and brings
// items into the store; it knows one kind of registry and its ordinary client, nothing else.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "artifacts/image_definition.h"
#include "artifacts/lock.h"
#include "artifacts/progress.h"
#include "artifacts/store.h"
#include "base/result.h"

namespace allod::artifacts {

/// What the clients are run with.
struct SourceOptions {
  /// Added to the environment of every client; tests point it at registries of their own.
  std::map<std::string, std::string> environment;
  /// Lines for apt.conf(5), after allod's own.
  std::string apt_configuration;
  /// Lists younger than this are taken as they are.
  std::int64_t apt_lists_age_seconds = 3600;
};

/// Bytes of one fetch as they arrive.
using ByteCounter = std::function<void(std::uint64_t done)>;

struct SourceContext {
  const Store& store;
  const SourceOptions& options;
  std::string architecture;
  std::string provider_folder;
  ByteCounter on_bytes; ///< may be empty
};

/// A locked item that a registry has something newer than.
struct NewerItem {
  std::string kind;
  std::string name;
  std::string version;   ///< as locked
  std::string patch;     ///< the newest of the same MAJOR.MINOR; empty: that is the locked one
  std::string newest;    ///< the newest of all, pre-releases left out
  std::string origin;    ///< Debian: the suite that has it
  bool security = false; ///< it is in the suite's security archive
};

class Source {
 public:
  virtual ~Source() = default;

  /// The exact items of a part as the registry has them now. What has to be fetched to know its
  /// digest is left in the store. Errors: not_found, unavailable, unsupported (the client is
  /// missing; the hint names the Debian package), integrity.
  virtual Result<std::vector<LockedItem>> resolve(const PartDefinition& part,
                                                  const SourceContext& context) = 0;

  /// The names of `items` that the registry no longer serves in the locked version.
  virtual Result<std::vector<std::string>> not_served(const std::vector<LockedItem>& items,
                                                      const SourceContext& context) {
    static_cast<void>(items);
    static_cast<void>(context);
    return std::vector<std::string>();
  }

  /// What of a part its registry has newer versions of; asks the registry now. Errors: unavailable.
  virtual Result<std::vector<NewerItem>> newer(const PartDefinition& part, const LockedPart& locked,
                                               const SourceContext& context) {
    static_cast<void>(part);
    static_cast<void>(locked);
    static_cast<void>(context);
    return std::vector<NewerItem>();
  }

  /// Brings the missing items of a part into the store, each verified against its digest.
  /// Errors: as resolve; every error names the part and its version.
  virtual Status fetch(const PartDefinition& part, const LockedPart& locked,
                       const std::vector<LockedItem>& missing, const SourceContext& context) = 0;
};

/// By PartDefinition::source.
using Sources = std::map<std::string, std::unique_ptr<Source>>;

/// Debian, wheels, Maven and Go through the clients of this machine.
[[nodiscard]] Sources machine_sources();

} // namespace allod::artifacts
