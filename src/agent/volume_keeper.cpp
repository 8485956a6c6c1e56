#include "agent/volume_keeper.h"

namespace allod::agent {

Result<std::unique_ptr<VolumeKeeper>> VolumeKeeper::open(const host::HostPaths& paths, Keys& keys) {
  Result<host::Volumes> volumes = host::Volumes::open(paths);
  if (!volumes) return std::move(volumes).error().during("looking how to encrypt volumes");
  return std::unique_ptr<VolumeKeeper>(new VolumeKeeper(std::move(*volumes), keys));
}

Result<std::string> VolumeKeeper::ensure(const std::string& name, std::uint64_t size, uid_t owner) {
  const std::string doing = "preparing volume " + name;
  Result<Secret> key = keys_.volume_key(name, host::kVolumeKeySize);
  if (!key) return std::move(key).error().during(doing);
  const std::lock_guard lock(mutex_);
  const Result<host::VolumeState> state = volumes_.state(name);
  const bool there = state && state->exists;
  if (there && state->unlocked) return state->path;
  if (!there) {
    host::VolumeSpec spec;
    spec.name = name;
    spec.size = size;
    spec.uid = owner;
    spec.gid = owner;
    if (Status made = volumes_.create(spec, *key); !made) {
      return std::move(made).error().during(doing);
    }
  }
  Result<std::string> path = volumes_.unlock(name, *key);
  if (!path) return std::move(path).error().during(doing);
  return path;
}

Result<std::string> VolumeKeeper::path(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const Result<host::VolumeState> state = volumes_.state(name);
  if (!state) return state.error();
  if (!state->unlocked) return Error(ErrorCode::not_found, "volume " + name + " is locked");
  return state->path;
}

bool VolumeKeeper::unlocked(const std::string& name) const {
  return path(name).ok();
}

Result<bool> VolumeKeeper::grow(const std::string& name, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  const Result<host::VolumeState> state = volumes_.state(name);
  if (!state) return state.error();
  if (size <= state->size) return size == state->size;
  if (Status grown = volumes_.grow(name, size); !grown) return std::move(grown).error();
  return true;
}

Status VolumeKeeper::lock(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return volumes_.lock(name);
}

Status VolumeKeeper::lock_all() {
  const std::lock_guard lock(mutex_);
  Status first;
  for (const std::string& name : volumes_.list()) {
    Status locked = volumes_.lock(name);
    if (!locked && first) first = std::move(locked).error().during("locking volume " + name);
  }
  return first;
}

Result<std::vector<std::string>> VolumeKeeper::destroy_all() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names = volumes_.list();
  for (const std::string& name : names) {
    if (Status gone = volumes_.destroy(name); !gone) {
      return std::move(gone).error().during("removing volume " + name);
    }
  }
  return names;
}

std::vector<std::string> VolumeKeeper::list() const {
  const std::lock_guard lock(mutex_);
  return volumes_.list();
}

} // namespace allod::agent
