#include "machine.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <thread>

#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "host/cgroups.h"
#include "host/namespaces.h"
#include "host/proc.h"

namespace allod::host::testing {
namespace {

std::string output_of(std::vector<std::string> arguments) {
  Command command;
  command.arguments = std::move(arguments);
  const Result<Finished> finished = run(command);
  return finished ? finished->output : std::string();
}

void collect_groups(const std::string& folder, int depth, std::set<std::string>& into) {
  const Result<std::vector<std::string>> names = list_directory(folder);
  if (!names) return;
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    if (!is_directory(path)) continue;
    if (path.find("/allod") != std::string::npos) into.insert(path);
    if (depth > 0) collect_groups(path, depth - 1, into);
  }
}

/// Whether something belongs to these tests and not to somebody else at work on the machine.
bool is_ours(const std::string& text) {
  return text.find(mark()) != std::string::npos;
}

template<class Set>
void compare(const char* what, const Set& before, const Set& after, std::string& text) {
  for (const auto& item : after) {
    if (before.count(item) < after.count(item))
      text += std::string("new ") + what + " " + item + "\n";
  }
  for (const auto& item : before) {
    if (after.count(item) < before.count(item))
      text += std::string("lost ") + what + " " + item + "\n";
  }
}

} // namespace

std::string mark() {
  return "allod-test-" + std::to_string(::getpid());
}

std::string reason_to_skip() {
  if (::geteuid() != 0) return "needs root: run the host integration tests with sudo";
  return {};
}

ScratchStack::ScratchStack(const std::string& name)
    : paths_{mark() + "-" + name, "/var/lib/" + mark() + "/" + name,
             "/run/" + mark() + "/" + name} {
  for (const char* folder : {"proc", "dev", "etc", "tmp", "run", "data"}) {
    EXPECT_TRUE(make_directories(rootfs() + "/" + folder));
  }
  for (const char* file : {"hosts", "passwd", "group"}) {
    EXPECT_TRUE(write_file(rootfs() + "/etc/" + file, "", {.mode = 0644}));
  }
  const Result<std::string> program = read_file(ALLOD_TEST_TOOL);
  EXPECT_TRUE(program) << "the test program is not built: " << ALLOD_TEST_TOOL;
  EXPECT_TRUE(write_file(rootfs() + "/tool", program.value_or(std::string()), {.mode = 0755}));
}

ScratchStack::~ScratchStack() {
  for (const std::string& id : Container::known(paths_)) {
    const Status removed = Container::remove(runtime(), paths_, id);
    EXPECT_TRUE(removed) << removed.error().describe();
  }
  EXPECT_TRUE(remove_tree(paths_.run));
  EXPECT_TRUE(remove_tree(paths_.state));
  ::rmdir(("/run/" + mark()).c_str());
  ::rmdir(("/var/lib/" + mark()).c_str());
}

const Runtime& ScratchStack::runtime() const {
  // ALLOD_TEST_RUNTIME=crun runs the tests with that one.
  const char* wanted = std::getenv("ALLOD_TEST_RUNTIME");
  static const Result<Runtime> chosen = Runtime::choose(
      {mark() + "-choice", "/var/lib/" + mark() + "/choice", "/run/" + mark() + "/choice"},
      wanted == nullptr ? std::vector<std::string>{"runc", "crun"}
                        : std::vector<std::string>{wanted});
  if (!chosen) {
    ADD_FAILURE() << chosen.error().describe();
    static const Runtime none;
    return none;
  }
  return *chosen;
}

ContainerSpec ScratchStack::tool(const std::string& id, std::vector<std::string> arguments) const {
  ContainerSpec spec;
  spec.id = id;
  spec.rootfs = rootfs();
  spec.command = {"/tool"};
  spec.command.insert(spec.command.end(), arguments.begin(), arguments.end());
  spec.uid = 61001;
  spec.gid = 61001;
  spec.memory_limit = 64U << 20;
  spec.pids_limit = 32;
  spec.grace = std::chrono::seconds(5);
  spec.cgroup = "/" + mark() + "/" + paths_.stack + "/" + id;
  return spec;
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

MachineState observe() {
  MachineState state;
  for (const std::string& line : split(read_file("/proc/self/mountinfo").value_or(""), '\n')) {
    // Others work on this machine too: their mounts come and go, ours bear our name.
    if (is_ours(line)) state.mounts.insert(line);
  }
  for (const std::string& name : namespaces_with_prefix(mark()))
    state.namespaces.insert(name);
  for (const std::string& line : split(output_of({"ip", "-o", "address"}), '\n')) {
    // Without life times, which run.
    state.links.insert(line.substr(0, line.find("valid_lft")));
  }
  for (const std::string& line : split(output_of({"ip", "route"}), '\n'))
    state.links.insert(line);
  if (const Result<Cgroups> cgroups = Cgroups::detect(); cgroups) {
    std::set<std::string> all;
    for (const Hierarchy& hierarchy : cgroups->hierarchies()) {
      collect_groups(hierarchy.mount_point, 3, all);
    }
    for (const std::string& group : all) {
      if (is_ours(group)) state.cgroups.insert(group);
    }
  }
  for (const std::string& name :
       list_directory("/sys/block").value_or(std::vector<std::string>())) {
    const Result<std::string> file = read_file("/sys/block/" + name + "/loop/backing_file");
    if (file && is_ours(*file)) state.loop_devices.insert(name + " " + *file);
  }
  for (const pid_t process : all_processes()) {
    const std::string arguments = command_line(process);
    if (is_ours(arguments) && process != ::getpid()) {
      state.processes.insert(std::to_string(process) + " " + arguments);
    }
  }
  for (const char* name :
       {"net/ipv4/ip_forward", "net/ipv4/conf/all/rp_filter", "net/ipv4/conf/default/rp_filter",
        "net/ipv6/conf/all/disable_ipv6", "kernel/hostname"}) {
    state.sysctls[name] = read_file(std::string("/proc/sys/") + name).value_or("none");
  }
  state.rules = output_of({"nft", "list", "ruleset"});
  return state;
}

std::string differences(const MachineState& before, const MachineState& after) {
  std::string text;
  compare("mount", before.mounts, after.mounts, text);
  compare("namespace", before.namespaces, after.namespaces, text);
  compare("address or route", before.links, after.links, text);
  compare("cgroup", before.cgroups, after.cgroups, text);
  compare("loop device", before.loop_devices, after.loop_devices, text);
  compare("process", before.processes, after.processes, text);
  for (const auto& [name, value] : before.sysctls) {
    const auto found = after.sysctls.find(name);
    if (found == after.sysctls.end() || found->second != value)
      text += "changed sysctl " + name + "\n";
  }
  if (before.rules != after.rules) text += "changed packet filter\n" + after.rules;
  return text;
}

void HostTest::SetUp() {
  if (const std::string reason = reason_to_skip(); !reason.empty()) GTEST_SKIP() << reason;
  before_ = observe();
  observed_ = true;
}

void HostTest::TearDown() {
  if (!observed_) return;
  // conmon and loop devices need a moment to go.
  std::string left;
  const bool clean = eventually([&] {
    left = differences(before_, observe());
    return left.empty();
  });
  EXPECT_TRUE(clean) << "left behind:\n" << left;
}

} // namespace allod::host::testing
