// What the integration tests share: a scratch stack that cleans up after itself, an image of one
// static program, and snapshots of the machine to see that nothing is left behind.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "host/container.h"
#include "host/paths.h"
#include "host/runtime.h"

namespace allod::host::testing {

/// Why the tests cannot run here, or empty.
std::string reason_to_skip();

/// "allod-test-PID": what begins so is this run's, and no other's that goes on beside it.
std::string mark();

/// The folders of a stack below /var/lib and /run, removed at the end.
class ScratchStack {
 public:
  explicit ScratchStack(const std::string& name);
  ~ScratchStack();
  ScratchStack(const ScratchStack&) = delete;
  ScratchStack& operator=(const ScratchStack&) = delete;

  [[nodiscard]] const HostPaths& paths() const { return paths_; }
  [[nodiscard]] const Runtime& runtime() const;
  /// A file tree with the test program at /tool.
  [[nodiscard]] std::string rootfs() const { return paths_.state + "/rootfs"; }
  /// A spec of the tool with this command line.
  [[nodiscard]] ContainerSpec tool(const std::string& id, std::vector<std::string> arguments) const;

 private:
  HostPaths paths_;
};

/// Waits until a condition holds; false when it did not in ten seconds.
bool eventually(const std::function<bool()>& condition);

/// The machine as far as the host target may change it.
struct MachineState {
  std::multiset<std::string> mounts;
  std::set<std::string> namespaces;
  std::set<std::string> links;
  std::set<std::string> cgroups;
  std::set<std::string> loop_devices;
  std::set<std::string> processes; ///< those of runtimes, conmon and the test program
  std::map<std::string, std::string> sysctls;
  std::string rules; ///< of the machine's own network namespace
};
MachineState observe();
/// What is in `after` but not in `before`, and the other way round; empty when alike.
std::string differences(const MachineState& before, const MachineState& after);

/// Skips without root or kernel support; compares the machine before and after each test.
class HostTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

 private:
  MachineState before_;
  bool observed_ = false;
};

} // namespace allod::host::testing
