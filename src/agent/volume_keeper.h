// The stack's encrypted volumes: host::Volumes behind a lock, with keys that the token seals.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <sys/types.h>

#include "agent/keys.h"
#include "base/result.h"
#include "host/volumes.h"

namespace allod::agent {

/// Calls are safe from several threads. Volumes are named COMPONENT.NAME.
class VolumeKeeper {
 public:
  /// Errors: unsupported when this machine cannot encrypt.
  static Result<std::unique_ptr<VolumeKeeper>> open(const host::HostPaths& paths, Keys& keys);

  /// The volume made or unlocked: the path of its data. The key is recorded before the volume is
  /// made, so that a crash in between loses nothing.
  Result<std::string> ensure(const std::string& name, std::uint64_t size, uid_t owner);
  /// The path of an unlocked volume's data. Errors: not_found while it is locked.
  Result<std::string> path(const std::string& name) const;
  [[nodiscard]] bool unlocked(const std::string& name) const;
  /// To `size` bytes; smaller leaves it as it is and says so by false.
  Result<bool> grow(const std::string& name, std::uint64_t size);
  Status lock(const std::string& name);
  Status lock_all();
  /// Removes every volume for good; their names.
  Result<std::vector<std::string>> destroy_all();
  [[nodiscard]] std::vector<std::string> list() const;

 private:
  VolumeKeeper(host::Volumes volumes, Keys& keys) : volumes_(std::move(volumes)), keys_(keys) {}
  mutable std::mutex mutex_;
  host::Volumes volumes_;
  Keys& keys_;
};

} // namespace allod::agent
