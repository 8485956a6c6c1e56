#include <thread>

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/event_loop.h"

namespace allod::agent {
namespace {

using namespace std::chrono_literals;

TEST(EventLoop, TimersRunInOrderAndCanBeCancelled) {
  const auto loop = std::move(*EventLoop::make());
  std::vector<int> order;
  loop->after(20ms, [&] { order.push_back(2); });
  loop->after(5ms, [&] {
    order.push_back(1);
    loop->after(1ms, [&] { order.push_back(11); });
  });
  const EventLoop::TimerId never = loop->after(10ms, [&] { order.push_back(99); });
  loop->cancel(never);
  loop->after(40ms, [&] { loop->stop(); });
  loop->run();
  EXPECT_EQ(order, (std::vector<int>{1, 11, 2}));
}

TEST(EventLoop, WorkIsHandedOverFromOtherThreads) {
  const auto loop = std::move(*EventLoop::make());
  std::thread::id ran_on;
  std::jthread other([&] {
    loop->post([&] { ran_on = std::this_thread::get_id(); });
    loop->stop();
  });
  loop->run();
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(EventLoop, ADescriptorMayUnwatchItself) {
  const auto loop = std::move(*EventLoop::make());
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  int called = 0;
  ASSERT_TRUE(loop->watch(ends[0], EPOLLIN, [&](std::uint32_t) {
    ++called;
    loop->unwatch(ends[0]);
    loop->after(10ms, [&] { loop->stop(); });
  }));
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  loop->run();
  EXPECT_EQ(called, 1);
  ::close(ends[0]);
  ::close(ends[1]);
}

} // namespace
} // namespace allod::agent
