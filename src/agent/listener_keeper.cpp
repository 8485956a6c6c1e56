#include "agent/listener_keeper.h"

#include "host/listener.h"

namespace allod::agent {

Result<int> ListenerKeeper::get(const ListenAddress& address) {
  const std::lock_guard lock(mutex_);
  const auto found = sockets_.find(address);
  if (found != sockets_.end()) return found->second.get();
  Result<UniqueFd> socket = host::open_listener(address.first, address.second);
  if (!socket) return std::move(socket).error();
  return sockets_.emplace(address, std::move(*socket)).first->second.get();
}

Status ListenerKeeper::recover(const ListenAddress& address, pid_t process) {
  const std::lock_guard lock(mutex_);
  if (sockets_.contains(address)) return {};
  Result<UniqueFd> socket = host::recover_listener(process, address.first, address.second);
  if (!socket) return std::move(socket).error();
  sockets_.emplace(address, std::move(*socket));
  return {};
}

void ListenerKeeper::keep_only(const std::set<ListenAddress>& wanted) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sockets_, [&](const auto& entry) { return !wanted.contains(entry.first); });
}

} // namespace allod::agent
