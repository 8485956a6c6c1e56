// The ways out of the platform's network that the stack declares: what connects to a port of the
// agent there is passed on, byte by byte, to one host and port outside. Who may connect is for the
// network's rules to say.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "agent/event_log.h"
#include "agent/network_keeper.h"
#include "base/result.h"

namespace allod::agent {

/// Calls are safe from several threads. What it is given must outlive it.
class OutletKeeper {
 public:
  OutletKeeper(NetworkKeeper& network, EventLog& events);
  ~OutletKeeper();

  /// Opens what is declared, closes what is not any more. Comes up anew when the router's namespace
  /// was made anew.
  Status ensure();
  void stop();

 private:
  class Outlet;
  NetworkKeeper& network_;
  EventLog& events_;
  std::mutex mutex_;
  std::uint64_t namespace_ = 0;
  std::map<std::uint16_t, std::unique_ptr<Outlet>> outlets_;
};

} // namespace allod::agent
