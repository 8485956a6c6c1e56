#include <gtest/gtest.h>

#include "base/build_id.h"

namespace allod {
namespace {

TEST(BuildId, IsTheLinkersSha1) {
  const std::string id = build_id();
  EXPECT_EQ(id.size(), 40U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(id, build_id());
}

} // namespace
} // namespace allod
