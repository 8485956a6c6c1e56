#include "agent/event_loop.h"

#include <cerrno>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

namespace allod::agent {

Result<std::unique_ptr<EventLoop>> EventLoop::make() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!epoll || !wake || !timer) return errno_error("make an event loop");
  std::unique_ptr<EventLoop> loop(
      new EventLoop(std::move(epoll), std::move(wake), std::move(timer)));
  EventLoop* self = loop.get();
  const auto drain = [](int fd) {
    std::uint64_t count = 0;
    return ::read(fd, &count, sizeof count) == static_cast<ssize_t>(sizeof count);
  };
  Status watched = loop->watch(loop->wake_.get(), EPOLLIN, [self, drain](std::uint32_t) {
    if (drain(self->wake_.get())) self->run_posted();
  });
  if (watched) {
    watched = loop->watch(loop->timer_.get(), EPOLLIN, [self, drain](std::uint32_t) {
      if (drain(self->timer_.get())) self->run_timers();
    });
  }
  if (!watched) return std::move(watched).error();
  return loop;
}

EventLoop::EventLoop(UniqueFd epoll, UniqueFd wake, UniqueFd timer)
    : epoll_(std::move(epoll)), wake_(std::move(wake)), timer_(std::move(timer)) {}

Status EventLoop::watch(int fd, std::uint32_t events, Ready ready) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  const bool known = watched_.contains(fd);
  if (::epoll_ctl(epoll_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0) {
    return errno_error("watch a descriptor");
  }
  watched_[fd] = std::make_shared<Ready>(std::move(ready));
  return {};
}

void EventLoop::unwatch(int fd) {
  if (watched_.erase(fd) > 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::TimerId EventLoop::after(std::chrono::milliseconds delay, Callback call) {
  const Clock::time_point due = Clock::now() + delay;
  const bool first = timers_.empty() || due < timers_.begin()->first;
  timers_.emplace(due, Timer{++last_timer_, std::move(call)});
  if (first) set_timer();
  return last_timer_;
}

void EventLoop::cancel(TimerId timer) {
  for (auto entry = timers_.begin(); entry != timers_.end(); ++entry) {
    if (entry->second.id != timer) continue;
    timers_.erase(entry);
    return;
  }
}

void EventLoop::set_timer() {
  itimerspec when{};
  if (!timers_.empty()) {
    const auto left = std::max<std::chrono::nanoseconds>(timers_.begin()->first - Clock::now(),
                                                         std::chrono::nanoseconds(1));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = (left - seconds).count();
  }
  ::timerfd_settime(timer_.get(), 0, &when, nullptr);
}

void EventLoop::run_timers() {
  while (!timers_.empty() && timers_.begin()->first <= Clock::now()) {
    const Callback call = std::move(timers_.begin()->second.call);
    timers_.erase(timers_.begin());
    call();
  }
  set_timer();
}

void EventLoop::post(Callback call) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(call));
  }
  const std::uint64_t one = 1;
  const ssize_t ignored = ::write(wake_.get(), &one, sizeof one);
  static_cast<void>(ignored); // full: it is awake anyway
}

void EventLoop::stop() {
  post([this] { stopping_ = true; });
}

void EventLoop::run_posted() {
  std::vector<Callback> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(posted_);
  }
  for (const Callback& call : calls)
    call();
}

void EventLoop::run() {
  stopping_ = false;
  while (!stopping_) {
    epoll_event events[32];
    const int count = ::epoll_wait(epoll_.get(), events, 32, -1);
    for (int i = 0; i < count && !stopping_; ++i) {
      const auto found = watched_.find(events[i].data.fd);
      if (found == watched_.end()) continue;
      // Held: the callback may unwatch itself.
      const std::shared_ptr<Ready> ready = found->second;
      (*ready)(events[i].events);
    }
  }
}

} // namespace allod::agent
