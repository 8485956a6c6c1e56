#include "agent/network_watch.h"

#include <utility>

#include <sys/epoll.h>

#include "agent/network_keeper.h"

namespace allod::agent {

NetworkWatch::NetworkWatch(EventLoop& loop, std::function<void()> changed)
    : loop_(loop), changed_(std::move(changed)) {}

Status NetworkWatch::ensure(const std::string& path) {
  const std::uint64_t number = namespace_number(path);
  {
    const std::lock_guard lock(mutex_);
    if (number != 0 && number == watched_) return {};
  }
  Result<host::NetworkNews> news = host::NetworkNews::listen(path);
  if (!news) return std::move(news).error();
  stop();
  auto listening = std::make_shared<host::NetworkNews>(std::move(*news));
  {
    const std::lock_guard lock(mutex_);
    news_ = listening;
    watched_ = number;
  }
  loop_.post([this, listening] {
    for (const int fd : listening->descriptors()) {
      Status watched = loop_.watch(fd, EPOLLIN, [this, listening](std::uint32_t) {
        listening->take();
        changed_();
      });
      if (!watched) return; // the periodic look remains
    }
  });
  return {};
}

void NetworkWatch::stop() {
  std::shared_ptr<host::NetworkNews> news;
  {
    const std::lock_guard lock(mutex_);
    news = std::exchange(news_, nullptr);
    watched_ = 0;
  }
  if (!news) return;
  loop_.post([this, news] {
    for (const int fd : news->descriptors())
      loop_.unwatch(fd);
  });
}

} // namespace allod::agent
