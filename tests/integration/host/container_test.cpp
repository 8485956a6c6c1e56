// Units and steps, really run.
#include <csignal>

#include <poll.h>

#include "base/files.h"
#include "host/proc.h"
#include "machine.h"

namespace allod::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using testing::ScratchStack;

class ContainerTest : public testing::HostTest {};

bool says(const Container& unit, const std::string& words) {
  return eventually(
      [&] { return read_file(unit.log_path()).value_or("").find(words) != std::string::npos; });
}

#define ASSERT_OK(result) ASSERT_TRUE(result) << (result).error().describe()
#define EXPECT_OK(result) EXPECT_TRUE(result) << (result).error().describe()

TEST_F(ContainerTest, StepRunsToItsEndAndGivesCodeAndOutput) {
  const ScratchStack stack("step");
  const Result<Finished> said =
      Container::run_to_end(stack.runtime(), stack.paths(), stack.tool("greet", {"say", "hello"}));
  ASSERT_OK(said);
  EXPECT_EQ(said->output, "hello\n");
  EXPECT_EQ(said->exit_code, 0);
  const Result<Finished> failed =
      Container::run_to_end(stack.runtime(), stack.paths(), stack.tool("fail", {"exit", "7"}));
  ASSERT_OK(failed);
  EXPECT_EQ(failed->exit_code, 7);
  EXPECT_TRUE(Container::known(stack.paths()).empty());
}

TEST_F(ContainerTest, StepReadsItsInput) {
  const ScratchStack stack("input");
  StepOptions options;
  options.input = "over standard input";
  const Result<Finished> said =
      Container::run_to_end(stack.runtime(), stack.paths(), stack.tool("cat", {"cat"}), options);
  ASSERT_OK(said);
  EXPECT_EQ(said->output, options.input);
}

TEST_F(ContainerTest, LateStepIsKilledAndGone) {
  const ScratchStack stack("late");
  StepOptions options;
  options.timeout = milliseconds(500);
  const Result<Finished> late = Container::run_to_end(stack.runtime(), stack.paths(),
                                                      stack.tool("late", {"stubborn"}), options);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::timeout);
  EXPECT_TRUE(Container::known(stack.paths()).empty());
}

TEST_F(ContainerTest, MissingProgramIsAnErrorWithTheRuntimesWords) {
  const ScratchStack stack("missing");
  ContainerSpec spec = stack.tool("missing", {});
  spec.command = {"/no-such-program"};
  const Result<Finished> step = Container::run_to_end(stack.runtime(), stack.paths(), spec);
  ASSERT_FALSE(step);
  EXPECT_NE(step.error().describe().find("no-such-program"), std::string::npos)
      << step.error().describe();
  const Result<Container> unit = Container::start(stack.runtime(), stack.paths(), spec);
  ASSERT_FALSE(unit);
  EXPECT_NE(unit.error().describe().find("no-such-program"), std::string::npos)
      << unit.error().describe();
  EXPECT_TRUE(Container::known(stack.paths()).empty());
}

TEST_F(ContainerTest, UnitIsConfined) {
  const ScratchStack stack("confined");
  ContainerSpec spec = stack.tool("facts", {"facts"});
  spec.hostname = "database";
  const Result<Finished> facts = Container::run_to_end(stack.runtime(), stack.paths(), spec);
  ASSERT_OK(facts);
  const std::string& text = facts->output;
  for (const char* line :
       {"uid 61001 gid 61001 pid 1\n", "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n",
        "CapAmb:\t0000000000000000\n", "NoNewPrivs:\t1\n", "root Read-only file system\n",
        "tmp writable\n", "run writable\n", "sysctl closed\n", "mount Operation not permitted\n",
        "hostname database\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "is not in\n" << text;
  }
  EXPECT_EQ(text.find("fd 3\n"), std::string::npos) << text;
}

TEST_F(ContainerTest, UnitRunsStopsAndLeavesItsExitCode) {
  const ScratchStack stack("stop");
  const Result<Container> unit =
      Container::start(stack.runtime(), stack.paths(), stack.tool("unit", {"sleep"}));
  ASSERT_OK(unit);
  ASSERT_TRUE(says(*unit, "ready"));
  const ContainerState running = unit->state();
  EXPECT_EQ(running.phase, Phase::running);
  EXPECT_TRUE(running.conmon_alive);
  EXPECT_GT(running.pid, 0);
  const Result<StopOutcome> stopped = unit->stop();
  ASSERT_OK(stopped);
  EXPECT_EQ(*stopped, StopOutcome::stopped);
  const ContainerState ended = unit->state();
  EXPECT_EQ(ended.phase, Phase::exited);
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(*unit->stop(), StopOutcome::already_stopped);
  EXPECT_OK(unit->remove());
  EXPECT_EQ(unit->state().phase, Phase::absent);
  EXPECT_OK(unit->remove());
}

TEST_F(ContainerTest, StubbornUnitIsKilledAfterItsGrace) {
  const ScratchStack stack("stubborn");
  const Result<Container> unit =
      Container::start(stack.runtime(), stack.paths(), stack.tool("unit", {"stubborn"}));
  ASSERT_OK(unit);
  ASSERT_TRUE(says(*unit, "ready"));
  const Result<StopOutcome> stopped = unit->stop(milliseconds(100));
  ASSERT_OK(stopped);
  EXPECT_EQ(*stopped, StopOutcome::killed);
  EXPECT_EQ(unit->state().exit_code, 137);
}

TEST_F(ContainerTest, RunningUnitIsNotStartedTwice) {
  const ScratchStack stack("twice");
  const ContainerSpec spec = stack.tool("unit", {"sleep"});
  ASSERT_OK(Container::start(stack.runtime(), stack.paths(), spec));
  const Result<Container> second = Container::start(stack.runtime(), stack.paths(), spec);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::already_exists);
}

TEST_F(ContainerTest, NewAgentTakesTheUnitUpAgain) {
  const ScratchStack stack("adopt");
  const Result<Container> unit =
      Container::start(stack.runtime(), stack.paths(), stack.tool("unit", {"sleep"}));
  ASSERT_OK(unit);
  ASSERT_TRUE(says(*unit, "ready"));
  const Result<Container> again = Container::adopt(stack.runtime(), stack.paths(), "unit");
  ASSERT_OK(again);
  EXPECT_EQ(again->pid(), unit->pid());
  EXPECT_EQ(again->state().phase, Phase::running);
  EXPECT_OK(again->signal(SIGTERM));
  const Result<UniqueFd> handle = again->pidfd();
  if (handle) {
    pollfd wait{handle->get(), POLLIN, 0};
    EXPECT_EQ(::poll(&wait, 1, 5000), 1);
  }
  EXPECT_EQ(again->wait_exit(seconds(5)).value_or(-1), 3);
  EXPECT_FALSE(Container::adopt(stack.runtime(), stack.paths(), "other"));
}

TEST_F(ContainerTest, RecordOfAnotherProcessIsNotAdoptedAsRunning) {
  const ScratchStack stack("reused");
  const Result<Container> unit =
      Container::start(stack.runtime(), stack.paths(), stack.tool("unit", {"sleep"}));
  ASSERT_OK(unit);
  const std::string record = stack.paths().bundle("unit") + "/record";
  std::string text = read_file(record).value_or("");
  const std::size_t at = text.find("pid-start ");
  ASSERT_NE(at, std::string::npos);
  text.insert(at + 10, "1"); // another start time: as if the number was used anew
  ASSERT_OK(write_file(record, text));
  const Result<Container> again = Container::adopt(stack.runtime(), stack.paths(), "unit");
  ASSERT_OK(again);
  EXPECT_NE(again->state().phase, Phase::running);
  EXPECT_FALSE(again->signal(SIGTERM));
}

TEST_F(ContainerTest, KilledConmonIsSeenAndTheUnitCanBeRemoved) {
  const ScratchStack stack("conmon");
  const Result<Container> unit =
      Container::start(stack.runtime(), stack.paths(), stack.tool("unit", {"sleep"}));
  ASSERT_OK(unit);
  ASSERT_TRUE(says(*unit, "ready"));
  const Result<UniqueFd> conmon = unit->conmon_pidfd();
  ASSERT_OK(conmon);
  const pid_t watcher = static_cast<pid_t>(
      std::stol(read_file(stack.paths().bundle("unit") + "/conmon.pid").value_or("0")));
  ASSERT_GT(watcher, 1);
  ASSERT_EQ(::kill(watcher, SIGKILL), 0);
  pollfd wait{conmon->get(), POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 5000), 1);
  const ContainerState state = unit->state();
  EXPECT_EQ(state.phase, Phase::running);
  EXPECT_FALSE(state.conmon_alive);
  const Result<Container> restarted_refused =
      Container::start(stack.runtime(), stack.paths(), stack.tool("unit", {"sleep"}));
  EXPECT_FALSE(restarted_refused);
  EXPECT_OK(unit->stop(seconds(2)));
  EXPECT_EQ(unit->state().phase, Phase::broken);
  EXPECT_OK(unit->remove());
}

TEST_F(ContainerTest, HalfMadeUnitIsRemoved) {
  const ScratchStack stack("half");
  // As a crash leaves it: folder and record, created but never started, or not even that.
  ASSERT_OK(make_directories(stack.paths().bundle("empty")));
  EXPECT_OK(Container::remove(stack.runtime(), stack.paths(), "empty"));
  ASSERT_OK(make_directories(stack.paths().bundle("unit")));
  ASSERT_OK(write_file(stack.paths().bundle("unit") + "/record",
                       "cgroup /" + testing::mark() + "/half/unit\npid 0\n"));
  ASSERT_OK(make_directories(stack.paths().runtime_root() + "/unit"));
  const Result<Container> broken = Container::adopt(stack.runtime(), stack.paths(), "unit");
  ASSERT_OK(broken);
  EXPECT_EQ(broken->state().phase, Phase::broken);
  const Result<Container> unit =
      Container::start(stack.runtime(), stack.paths(), stack.tool("unit", {"sleep"}));
  ASSERT_OK(unit);
  EXPECT_EQ(unit->state().phase, Phase::running);
}

TEST_F(ContainerTest, LostRecordOfALivingUnit) {
  const ScratchStack stack("lost");
  const Result<Container> unit =
      Container::start(stack.runtime(), stack.paths(), stack.tool("unit", {"sleep"}));
  ASSERT_OK(unit);
  // The crash came between the creation and the second writing of the record.
  ASSERT_OK(write_file(stack.paths().bundle("unit") + "/record",
                       "cgroup " + stack.tool("unit", {}).cgroup + "\npid 0\n"));
  EXPECT_OK(Container::remove(stack.runtime(), stack.paths(), "unit"));
  EXPECT_FALSE(is_alive(unit->pid(),
                        process_facts(unit->pid()) ? process_facts(unit->pid())->start_time : 0));
}

TEST_F(ContainerTest, ExecRunsUnderTheUnitsRestrictions) {
  const ScratchStack stack("exec");
  ContainerSpec spec = stack.tool("unit", {"sleep"});
  spec.environment["SHARED"] = "yes";
  const Result<Container> unit = Container::start(stack.runtime(), stack.paths(), spec);
  ASSERT_OK(unit);
  const Result<Finished> facts = unit->exec({"/tool", "facts"});
  ASSERT_OK(facts);
  EXPECT_NE(facts->output.find("uid 61001 gid 61001"), std::string::npos) << facts->output;
  EXPECT_NE(facts->output.find("CapBnd:\t0000000000000000"), std::string::npos) << facts->output;
  EXPECT_NE(facts->output.find("NoNewPrivs:\t1"), std::string::npos) << facts->output;
  EXPECT_EQ(unit->exec({"/tool", "exit", "9"})->exit_code, 9);
  EXPECT_EQ(unit->exec({"/nothing"})->exit_code, 127);
  ExecOptions options;
  options.environment["EXTRA"] = "1";
  const Result<Finished> environment = unit->exec({"/tool", "env"}, options);
  ASSERT_OK(environment);
  EXPECT_NE(environment->output.find("SHARED=yes\n"), std::string::npos);
  EXPECT_NE(environment->output.find("EXTRA=1\n"), std::string::npos);
  options.input = "piped";
  EXPECT_EQ(unit->exec({"/tool", "cat"}, options)->output, "piped");
}

TEST_F(ContainerTest, LateExecIsKilledInTheUnit) {
  const ScratchStack stack("late-exec");
  const Result<Container> unit =
      Container::start(stack.runtime(), stack.paths(), stack.tool("unit", {"sleep"}));
  ASSERT_OK(unit);
  ExecOptions options;
  options.timeout = milliseconds(500);
  const Result<Finished> late = unit->exec({"/tool", "stubborn"}, options);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::timeout);
  EXPECT_TRUE(eventually([&] { return unit->usage()->processes == 1; }));
  EXPECT_EQ(unit->state().phase, Phase::running);
}

TEST_F(ContainerTest, LimitsHold) {
  const ScratchStack stack("limits");
  const Result<Cgroups> cgroups = Cgroups::detect();
  ASSERT_OK(cgroups);
  if (cgroups->has_controller("memory")) {
    const Result<Container> eater =
        Container::start(stack.runtime(), stack.paths(), stack.tool("eater", {"eat"}));
    ASSERT_OK(eater);
    EXPECT_EQ(eater->wait_exit(seconds(20)).value_or(-1), 137);
    EXPECT_TRUE(eater->state().out_of_memory);
  }
  if (cgroups->has_controller("pids")) {
    const Result<Finished> forks = Container::run_to_end(stack.runtime(), stack.paths(),
                                                         stack.tool("forks", {"forks", "100"}));
    ASSERT_OK(forks);
    EXPECT_EQ(forks->exit_code, 4) << forks->output;
  }
}

TEST_F(ContainerTest, UsageIsMeasured) {
  const ScratchStack stack("usage");
  const Result<Container> unit =
      Container::start(stack.runtime(), stack.paths(), stack.tool("unit", {"sleep"}));
  ASSERT_OK(unit);
  ASSERT_TRUE(says(*unit, "ready"));
  const Result<ResourceUsage> usage = unit->usage();
  ASSERT_OK(usage);
  EXPECT_EQ(usage->processes, 1U);
  EXPECT_GT(usage->memory, 0U);
  EXPECT_LT(usage->memory, 32U << 20);
  EXPECT_GT(usage->cpu.count(), 0);
}

TEST_F(ContainerTest, LogBeginsAnewAtItsLimit) {
  const ScratchStack stack("log");
  ContainerSpec spec = stack.tool("unit", {"flood", "4000"});
  spec.log_path = stack.paths().state + "/logs/unit.log";
  spec.log_limit = 64U << 10;
  const Result<Container> unit = Container::start(stack.runtime(), stack.paths(), spec);
  ASSERT_OK(unit);
  EXPECT_TRUE(says(*unit, "stdout F 0123456789"));
  EXPECT_LE(disk_usage(spec.log_path), 128U << 10);
  EXPECT_OK(unit->remove());
  EXPECT_TRUE(exists(spec.log_path));
}

TEST_F(ContainerTest, MountsAndFilesAreLaid) {
  const ScratchStack stack("mounts");
  const std::string data = stack.paths().state + "/data";
  ASSERT_OK(make_directories(data));
  ASSERT_EQ(::chown(data.c_str(), 61001, 61001), 0);
  ASSERT_OK(write_file(stack.paths().state + "/settings", "a = 1\n", {.mode = 0644}));
  ContainerSpec spec = stack.tool("unit", {"sleep"});
  spec.mounts = {{data, "/data", false, {}},
                 {stack.paths().state + "/settings", "/run/unit/settings", true, {}}};
  spec.hosts = "10.66.0.2 postgresql\n";
  const Result<Container> unit = Container::start(stack.runtime(), stack.paths(), spec);
  ASSERT_OK(unit);
  EXPECT_EQ(unit->exec({"/tool", "cat", "/run/unit/settings"})->output, "a = 1\n");
  EXPECT_EQ(unit->exec({"/tool", "write", "/run/unit/settings", "b"})->exit_code, 1);
  EXPECT_EQ(unit->exec({"/tool", "write", "/data/file", "kept"})->exit_code, 0);
  EXPECT_EQ(read_file(data + "/file").value_or(""), "kept");
  EXPECT_EQ(unit->exec({"/tool", "cat", "/etc/hosts"})->output, spec.hosts);
  EXPECT_NE(unit->exec({"/tool", "cat", "/etc/passwd"})->output.find("unit:x:61001"),
            std::string::npos);
}

TEST_F(ContainerTest, TwoStacksWithTheSameUnitSideBySide) {
  const ScratchStack first("one");
  const ScratchStack second("two");
  const Result<Container> left =
      Container::start(first.runtime(), first.paths(), first.tool("unit", {"sleep"}));
  const Result<Container> right =
      Container::start(second.runtime(), second.paths(), second.tool("unit", {"sleep"}));
  ASSERT_OK(left);
  ASSERT_OK(right);
  EXPECT_OK(left->remove());
  EXPECT_EQ(right->state().phase, Phase::running);
}

TEST_F(ContainerTest, RejectedRuntimesAreNamedWithTheReason) {
  const ScratchStack stack("choose");
  const Result<Runtime> chosen =
      Runtime::choose(stack.paths(), {"no-such-runtime", "runc", "crun"});
  ASSERT_OK(chosen);
  ASSERT_FALSE(chosen->rejected.empty());
  EXPECT_EQ(chosen->rejected.front().reason, "is not installed");
  EXPECT_NE(chosen->version, "unknown");
  const Result<Runtime> none = Runtime::choose(stack.paths(), {"no-such-runtime"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::unsupported);
}

} // namespace
} // namespace allod::host
