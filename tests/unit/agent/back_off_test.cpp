#include <gtest/gtest.h>

#include "agent/back_off.h"

namespace allod::agent {
namespace {

using namespace std::chrono_literals;

TEST(BackOff, AtOnceThenLongerUpToHalfAMinute) {
  BackOff back_off;
  EXPECT_EQ(back_off.next(5s), 0ms);
  EXPECT_EQ(back_off.next(1s), 200ms);
  EXPECT_EQ(back_off.next(1s), 400ms);
  for (int i = 0; i < 40; ++i)
    static_cast<void>(back_off.next(1s));
  EXPECT_EQ(back_off.next(1s), 30s);
}

TEST(BackOff, AStableMinuteForgives) {
  BackOff back_off;
  for (int i = 0; i < 5; ++i)
    static_cast<void>(back_off.next(1s));
  EXPECT_EQ(back_off.next(61s), 0ms);
  EXPECT_EQ(back_off.next(1s), 200ms);
}

} // namespace
} // namespace allod::agent
