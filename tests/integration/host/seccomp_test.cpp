// The seccomp profile: closed to what no server needs, open to real servers.
#include <glob.h>
#include <unistd.h>

#include "base/files.h"
#include "document/json_reader.h"
#include "machine.h"

namespace allod::host {
namespace {

using testing::eventually;
using testing::ScratchStack;

#define ASSERT_OK(result) ASSERT_TRUE(result) << (result).error().describe()

document::Value profile() {
  const std::string path = std::string(ALLOD_SOURCE_DIR) + "/catalogue/seccomp/default.json";
  const Result<document::Value> value =
      document::read_json(path, read_file(path).value_or(std::string()));
  EXPECT_TRUE(value) << value.error().describe();
  return value ? *value : document::Value();
}

class SeccompTest : public testing::HostTest {
 protected:
  /// A spec of a program of this machine, whose /usr is lent to the container.
  static ContainerSpec lent(const ScratchStack& stack, const std::string& id,
                            std::vector<std::string> command) {
    ContainerSpec spec = stack.tool(id, {});
    spec.command = std::move(command);
    spec.mounts.push_back({"/usr", "/usr", true, {"exec"}});
    if (is_directory("/etc/alternatives")) {
      spec.mounts.push_back({"/etc/alternatives", "/etc/alternatives", true, {}});
    }
    EXPECT_TRUE(make_directories(stack.rootfs() + "/usr"));
    EXPECT_TRUE(make_directories(stack.rootfs() + "/etc/alternatives"));
    for (const char* name : {"bin", "lib", "lib64"}) {
      const std::string link = stack.rootfs() + "/" + name;
      if (exists(link)) continue;
      EXPECT_EQ(::symlink(("usr/" + std::string(name)).c_str(), link.c_str()), 0);
    }
    spec.memory_limit = 512U << 20;
    spec.pids_limit = 256;
    spec.seccomp = profile();
    return spec;
  }
};

TEST_F(SeccompTest, DangerousCallsAreClosedAndUsualOnesOpen) {
  const ScratchStack stack("seccomp");
  ContainerSpec spec = stack.tool("calls", {"calls"});
  spec.seccomp = profile();
  const Result<Finished> finished = Container::run_to_end(stack.runtime(), stack.paths(), spec);
  ASSERT_OK(finished);
  const std::string& text = finished->output;
  for (const char* line :
       {"unshare Operation not permitted\n", "setns Operation not permitted\n",
        "clone-newuser Function not implemented\n", "clone3 Function not implemented\n",
        "mount Operation not permitted\n", "bpf Operation not permitted\n",
        "ptrace Operation not permitted\n", "keyctl Operation not permitted\n",
        "userfaultfd Operation not permitted\n", "perf_event_open Operation not permitted\n",
        "finit_module Operation not permitted\n", "kexec_load Operation not permitted\n",
        "io_uring_setup Function not implemented\n", "socket-alg Function not implemented\n",
        "socket-packet Function not implemented\n", "socket-inet allowed\n",
        "socket-unix allowed\n", "memfd_create allowed\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "is not in\n" << text;
  }
  EXPECT_EQ(text.find("int80 allowed"), std::string::npos) << text;
}

TEST_F(SeccompTest, FilterHoldsForExecToo) {
  const ScratchStack stack("seccomp-exec");
  ContainerSpec spec = stack.tool("unit", {"sleep"});
  spec.seccomp = profile();
  const Result<Container> unit = Container::start(stack.runtime(), stack.paths(), spec);
  ASSERT_OK(unit);
  const Result<Finished> finished = unit->exec({"/tool", "calls"});
  ASSERT_OK(finished);
  EXPECT_NE(finished->output.find("unshare Operation not permitted\n"), std::string::npos)
      << finished->output;
  EXPECT_NE(unit->exec({"/tool", "facts"})->output.find("Seccomp:\t2"), std::string::npos);
}

TEST_F(SeccompTest, PostgresqlRunsUnderIt) {
  glob_t found{};
  ::glob("/usr/lib/postgresql/*/bin/initdb", 0, nullptr, &found);
  const std::string initdb = found.gl_pathc == 0 ? "" : found.gl_pathv[0];
  ::globfree(&found);
  if (initdb.empty()) GTEST_SKIP() << "this machine has no PostgreSQL to try";
  const std::string programs = initdb.substr(0, initdb.rfind('/'));
  const ScratchStack stack("postgresql");
  const std::string data = stack.paths().state + "/data";
  ASSERT_OK(make_directories(data, 0700));
  ASSERT_EQ(::chown(data.c_str(), 61001, 61001), 0);
  ContainerSpec step = lent(
      stack, "initdb", {initdb, "-D", "/data/main", "--auth=trust", "--no-sync", "-U", "unit"});
  step.mounts.push_back({data, "/data", false, {}});
  const Result<Finished> made = Container::run_to_end(stack.runtime(), stack.paths(), step);
  ASSERT_OK(made);
  ASSERT_EQ(made->exit_code, 0) << made->output << made->errors;
  ContainerSpec server =
      lent(stack, "server", {programs + "/postgres", "-D", "/data/main", "-k", "/run"});
  server.mounts.push_back({data, "/data", false, {}});
  server.stop_signal = 2; // fast shutdown
  const Result<Container> unit = Container::start(stack.runtime(), stack.paths(), server);
  ASSERT_OK(unit);
  EXPECT_TRUE(eventually([&] {
    return unit->exec({programs + "/psql", "-h", "/run", "-d", "postgres", "-c", "select 1"})->ok();
  })) << read_file(unit->log_path()).value_or("");
  const Result<StopOutcome> stopped = unit->stop();
  ASSERT_OK(stopped);
  EXPECT_EQ(*stopped, StopOutcome::stopped);
  EXPECT_EQ(unit->state().exit_code, 0);
}

TEST_F(SeccompTest, JavaAndNodeRunUnderIt) {
  const ScratchStack stack("java");
  bool tried = false;
  if (exists("/usr/bin/java")) {
    tried = true;
    const Result<Finished> java = Container::run_to_end(
        stack.runtime(), stack.paths(), lent(stack, "java", {"/usr/bin/java", "-version"}));
    ASSERT_OK(java);
    EXPECT_EQ(java->exit_code, 0) << java->output << java->errors;
  }
  if (exists("/usr/bin/node")) {
    tried = true;
    const Result<Finished> node = Container::run_to_end(
        stack.runtime(), stack.paths(),
        lent(stack, "node",
             {"/usr/bin/node", "-e",
              "const s=require('net').createServer(c=>c.end('hi')).listen(0,'127.0.0.1',()=>"
              "require('net').connect(s.address().port).on('data',d=>{console.log(''+d);"
              "s.close()}))"}));
    ASSERT_OK(node);
    EXPECT_EQ(node->output, "hi\n") << node->errors;
  }
  if (!tried) GTEST_SKIP() << "this machine has neither Java nor Node.js to try";
}

} // namespace
} // namespace allod::host
