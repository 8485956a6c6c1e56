// The checks of a machine, and that they leave it alone (the fixture compares before and after).
#include "base/files.h"
#include "host/listener.h"
#include "host/preflight.h"
#include "machine.h"

namespace allod::host {
namespace {

class PreflightTest : public testing::HostTest {};

HostPaths scratch_paths() {
  const std::string mark = testing::mark();
  return {mark + "-preflight", "/var/lib/" + mark + "/preflight", "/run/" + mark + "/preflight"};
}

TEST_F(PreflightTest, SaysWhatThisMachineCan) {
  const HostPaths paths = scratch_paths();
  PreflightOptions options;
  options.store = "/var/lib/" + testing::mark() + "/store";
  options.state_bytes = 1;
  options.store_bytes = 1;
  const std::vector<Check> checks = preflight(paths, options);
  for (const Check& check : checks) {
    EXPECT_NE(check.state, CheckState::failed) << check.name << ": " << check.detail;
    EXPECT_FALSE(check.detail.empty()) << check.name;
    EXPECT_EQ(check.remedy.empty(), check.state == CheckState::ok) << check.name;
    std::printf("%-18s %-8s %s\n", check.name.c_str(), to_string(check.state),
                check.detail.c_str());
  }
  EXPECT_FALSE(exists(paths.state));
  EXPECT_FALSE(exists(paths.run));
}

TEST_F(PreflightTest, TakenPortAndLackOfSpaceFail) {
  const Result<UniqueFd> taken = open_listener("127.0.0.1", 18443);
  const HostPaths paths = scratch_paths();
  PreflightOptions options;
  options.trial_container = false;
  options.state_bytes = UINT64_MAX;
  options.ports = {{"127.0.0.1", 18443}};
  int failures = 0;
  for (const Check& check : preflight(paths, options)) {
    if (check.name != "port-18443" && check.name != "state-space") continue;
    EXPECT_EQ(check.state, CheckState::failed) << check.detail;
    EXPECT_FALSE(check.remedy.empty());
    ++failures;
  }
  EXPECT_EQ(failures, 2);
}

} // namespace
} // namespace allod::host
