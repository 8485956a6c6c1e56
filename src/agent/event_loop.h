// Many small waits on one thread: descriptors, timers and work handed over from other threads. It
// sleeps in epoll_wait until something is due.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod::agent {

class EventLoop {
 public:
  using Callback = std::function<void()>;
  using Ready = std::function<void(std::uint32_t events)>; ///< of epoll_ctl(2)
  using TimerId = std::uint64_t;

  /// Errors: io.
  static Result<std::unique_ptr<EventLoop>> make();

  // On the loop's thread only.

  /// Calls `ready` when the descriptor has one of `events`. Watching it again replaces both. The
  /// descriptor stays the caller's, who unwatches it before it is closed.
  Status watch(int fd, std::uint32_t events, Ready ready);
  void unwatch(int fd);
  /// Calls once after a time. 0 is never a timer's id.
  TimerId after(std::chrono::milliseconds delay, Callback call);
  void cancel(TimerId timer);
  /// Until stop().
  void run();

  // From any thread.

  void post(Callback call);
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Timer {
    TimerId id;
    Callback call;
  };

  EventLoop(UniqueFd epoll, UniqueFd wake, UniqueFd timer);
  void set_timer();
  void run_timers();
  void run_posted();

  UniqueFd epoll_;
  UniqueFd wake_;  // eventfd
  UniqueFd timer_; // timerfd, set to the first timer
  std::unordered_map<int, std::shared_ptr<Ready>> watched_;
  std::multimap<Clock::time_point, Timer> timers_;
  TimerId last_timer_ = 0;

  std::mutex mutex_;
  std::vector<Callback> posted_;
  bool stopping_ = false;
};

} // namespace allod::agent
