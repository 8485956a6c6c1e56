// Tells when somebody, the agent or another, has touched the platform's router: its links, routes
// or rules. The periodic look finds the same, only later.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "agent/event_loop.h"
#include "base/result.h"
#include "host/network_news.h"

namespace allod::agent {

class NetworkWatch {
 public:
  /// `changed` is called on the loop's thread.
  NetworkWatch(EventLoop& loop, std::function<void()> changed);

  /// Watches the namespace at a path; does nothing when it does so already. From any thread but the
  /// loop's. Errors: not_found, io.
  Status ensure(const std::string& path);
  /// Lets go of it: a namespace lives on while somebody listens in it.
  void stop();

 private:
  EventLoop& loop_;
  std::function<void()> changed_;
  std::mutex mutex_;
  std::uint64_t watched_ = 0; // the namespace's number
  std::shared_ptr<host::NetworkNews> news_;
};

} // namespace allod::agent
