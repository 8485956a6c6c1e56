// A stack's whole life: applied, hurt, taken up, changed, changed badly, stopped, started, removed.
#include <csignal>

#include "base/files.h"
#include "document/json_writer.h"
#include "test_stack.h"

namespace allod::agent::testing {
namespace {

using document::Value;

std::int64_t planned(const Value& report, const char* action) {
  const Value* plan = report.find("plan");
  return plan == nullptr ? -1 : plan->integer_or(action, -1);
}

std::string text(const Value& value) {
  return document::write_json(value, document::JsonLayout::pretty);
}

TEST_F(AgentTest, AWholeLife) {
  start_agent();
  StackText wanted;

  // From nothing to ready.
  const Value first = apply(wanted);
  ASSERT_TRUE(first.boolean_or("ok", false)) << text(first);
  EXPECT_EQ(planned(first, "create"), 11);
  EXPECT_EQ(state("one.server"), "ready");
  EXPECT_EQ(state("two.client"), "ready");
  EXPECT_TRUE(get("/file").starts_with("hello ")) << get("/file");
  EXPECT_EQ(get("/file").size(), std::string("hello ").size() + 24);
  EXPECT_NE(get("/certificate").find("BEGIN CERTIFICATE"), std::string::npos);
  EXPECT_GT(first.find("longestPath")->size(), 2U);

  // Again: nothing to do.
  const Value again = apply(wanted);
  EXPECT_TRUE(again.boolean_or("ok", false)) << text(again);
  EXPECT_EQ(planned(again, "create"), 0);
  EXPECT_LT(again.integer_or("milliseconds", 10000), 1000);

  // A unit that dies is started again; the one that is bound to it is left alone.
  const pid_t before = pid("one.server");
  const pid_t other = pid("two.client");
  ASSERT_GT(before, 0);
  ::kill(before, SIGKILL);
  EXPECT_TRUE(eventually([&] {
    return pid("one.server") != before && pid("one.server") > 0 && state("one.server") == "ready";
  }));
  EXPECT_EQ(pid("two.client"), other);
  EXPECT_TRUE(happened("was ended by signal KILL"));
  EXPECT_EQ(unit("one.server").integer_or("restarts", 0), 1);

  // The agent dies: the next one takes the units up as they run.
  const pid_t running = pid("one.server");
  kill_agent();
  EXPECT_TRUE(get("/health") == "UP");
  start_agent();
  EXPECT_TRUE(eventually([&] { return state("one.server") == "ready"; }));
  EXPECT_TRUE(eventually([&] { return state("two.client") == "ready"; }));
  EXPECT_EQ(pid("one.server"), running);
  EXPECT_EQ(pid("two.client"), other);
  EXPECT_TRUE(happened("took up 2 running units"));

  // Changes without a restart.
  wanted.quiet = "b";
  const Value quiet = apply(wanted);
  EXPECT_TRUE(quiet.boolean_or("ok", false)) << text(quiet);
  EXPECT_EQ(planned(quiet, "update"), 1) << text(quiet);
  EXPECT_EQ(pid("one.server"), running);
  EXPECT_EQ(get("/reloads"), "0");
  wanted.told = "b";
  const Value told = apply(wanted);
  EXPECT_EQ(planned(told, "reload"), 1) << text(told);
  EXPECT_EQ(pid("one.server"), running);
  EXPECT_TRUE(eventually([&] { return get("/reloads") == "1"; }));

  // A change that restarts.
  wanted.greeting = "good evening";
  const Value evening = apply(wanted);
  EXPECT_TRUE(evening.boolean_or("ok", false)) << text(evening);
  EXPECT_EQ(planned(evening, "restart"), 1) << text(evening);
  EXPECT_NE(pid("one.server"), running);
  EXPECT_TRUE(get("/file").starts_with("good evening "));

  // One that does not come up: the one before is put back, and the error says why.
  StackText broken = wanted;
  broken.server = "['/tool', 'fail', 'no such table']";
  const Value failed = apply(broken);
  EXPECT_FALSE(failed.boolean_or("ok", true));
  const std::string why = text(failed);
  EXPECT_NE(why.find("ended while it was starting, with exit code 3"), std::string::npos) << why;
  EXPECT_NE(why.find("FATAL: no such table"), std::string::npos) << why;
  EXPECT_NE(why.find("the one before was put back and is ready"), std::string::npos) << why;
  EXPECT_TRUE(get("/file").starts_with("good evening "));
  EXPECT_EQ(state("one.server"), "ready");
  broken.server = "['/tool', 'wait']";
  broken.start_timeout = "1500";
  const std::string silent = text(apply(broken));
  EXPECT_NE(silent.find("did not become ready in 1.5 s"), std::string::npos) << silent;
  EXPECT_NE(silent.find("GET http://one:8080/health"), std::string::npos);
  EXPECT_TRUE(get("/file").starts_with("good evening "));

  // Down and up: data and secret stay.
  const std::string served = get("/file");
  const Result<Value> down = call("down");
  EXPECT_TRUE(down) << down.error().describe();
  EXPECT_EQ(state("one.server"), "stopped");
  EXPECT_FALSE(exists("/run/netns/allod-" + stack_));
  const Value up = apply(wanted);
  EXPECT_TRUE(up.boolean_or("ok", false)) << text(up);
  EXPECT_EQ(get("/file"), served);

  // Without `two`: what it had is removed.
  StackText alone = wanted;
  alone.two = false;
  const Value fewer = apply(alone);
  EXPECT_TRUE(fewer.boolean_or("ok", false)) << text(fewer);
  EXPECT_EQ(planned(fewer, "remove"), 5) << text(fewer);
  EXPECT_FALSE(exists("/run/netns/allod-" + stack_ + "-two"));
  EXPECT_TRUE(unit("two.client").find("state") == nullptr);

  // Nothing is left.
  const Result<Value> gone = call("destroy");
  EXPECT_TRUE(gone) << gone.error().describe();
  end_agent_by_itself();
  EXPECT_EQ(traces(), std::vector<std::string>());
}

} // namespace
} // namespace allod::agent::testing
