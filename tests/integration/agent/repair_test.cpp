// What the agent puts right while nobody looks: probes that fail, memory that runs out, monitors
// that are killed, files, rules and namespaces that are changed behind its back, a machine that
// restarts.
#include <csignal>
#include <thread>

#include "agent/api_client.h"
#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "document/json_writer.h"
#include "host/container.h"
#include "host/network.h"
#include "test_stack.h"

namespace allod::agent::testing {
namespace {

using document::Value;

pid_t monitor_of(const Places& places, const std::string& unit) {
  const std::string record =
      read_file(places.host().bundle(unit) + "/record").value_or(std::string());
  for (const std::string& line : split(record, '\n')) {
    if (line.starts_with("conmon ")) return static_cast<pid_t>(std::stoi(line.substr(7)));
  }
  return 0;
}

TEST_F(AgentTest, UnitsThatAreHurt) {
  start_agent(300);
  StackText wanted;
  const Value first = apply(wanted);
  ASSERT_TRUE(first.boolean_or("ok", false)) << document::write_json(first);

  // Its monitor is killed: nobody reads its output any more, so it is started again.
  const pid_t before = pid("one.server");
  ::kill(monitor_of(places_, "one.server"), SIGKILL);
  EXPECT_TRUE(eventually([&] {
    return pid("one.server") != before && state("one.server") == "ready" &&
           happened("lost its monitor process");
  })) << all_events();

  // It stops answering: after some failures in a row it is started again.
  const pid_t answering = pid("one.server");
  ::kill(answering, SIGSTOP);
  EXPECT_TRUE(eventually([&] {
    return pid("one.server") != answering && state("one.server") == "ready";
  })) << all_events();
  EXPECT_TRUE(happened("did not answer 2 times in a row"));

  // A file is spoilt from outside.
  const Status spoilt =
      write_file(places_.files_of("one.server") + "/etc/one/one.conf", "spoilt", {.mode = 0440});
  ASSERT_TRUE(spoilt);
  EXPECT_TRUE(eventually([&] { return happened("files were not as they should be"); }));
  EXPECT_TRUE(eventually([&] { return get("/file").starts_with("hello "); }));

  // So is its identity.
  const Status taken = remove_tree(places_.identity_of("one.server") + "/..data");
  ASSERT_TRUE(taken);
  EXPECT_TRUE(eventually([&] { return happened("its identity was not as it should be"); }));
  EXPECT_TRUE(eventually(
      [&] { return get("/certificate").find("BEGIN CERTIFICATE") != std::string::npos; }));

  // A namespace loses its name: units that lived in it move to the new one.
  const pid_t homeless = pid("two.client");
  Command remove;
  remove.arguments = {"ip", "netns", "delete", "allod-" + stack_ + "-two"};
  ASSERT_TRUE(run_checked(remove));
  EXPECT_TRUE(eventually([&] {
    return pid("two.client") != homeless && state("two.client") == "ready";
  })) << all_events();
  EXPECT_TRUE(happened("is no longer in the component's network"));
  EXPECT_FALSE(happened("an issuing certificate was renewed"));
}

TEST_F(AgentTest, MemoryThatRunsOut) {
  start_agent();
  StackText wanted;
  wanted.two = false;
  wanted.ready = "'exec': ['/tool', 'exists', '/data']";
  ASSERT_TRUE(apply(wanted).boolean_or("ok", false));
  wanted.server = "['/tool', 'eat']";
  const Value report = apply(wanted);
  // It may have been ready for a moment before its end.
  if (!report.boolean_or("ok", false)) {
    EXPECT_NE(document::write_json(report).find("out of memory"), std::string::npos)
        << document::write_json(report);
  } else {
    EXPECT_TRUE(eventually([&] { return happened("ran out of memory"); })) << all_events();
  }
}

TEST_F(AgentTest, AMachineThatRestarts) {
  start_agent();
  StackText wanted;
  ASSERT_TRUE(apply(wanted).boolean_or("ok", false));
  const std::string served = get("/file");
  kill_agent();
  // All that does not survive a restart goes.
  const auto runtime = host::Runtime::choose(places_.host());
  ASSERT_TRUE(runtime);
  for (const std::string& id : host::Container::known(places_.host())) {
    ASSERT_TRUE(host::Container::remove(*runtime, places_.host(), id));
  }
  ASSERT_TRUE(host::Network::teardown(stack_));
  Command unmount;
  unmount.arguments = {"umount", "-R", places_.run()};
  ASSERT_TRUE(run_checked(unmount));
  start_agent();
  EXPECT_TRUE(eventually([&] { return state("two.client") == "ready"; })) << all_events();
  EXPECT_EQ(state("one.server"), "ready");
  EXPECT_EQ(get("/file"), served);
  // And it stays down once it was told to.
  ASSERT_TRUE(call("down"));
  end_agent();
  start_agent();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(state("one.server"), "stopped");
}

TEST_F(AgentTest, CertificatesAreRenewedInTime) {
  start_agent();
  StackText wanted;
  wanted.lifetime = "60";
  wanted.two = false;
  wanted.seal = true;
  const Value report = apply(wanted);
  ASSERT_TRUE(report.boolean_or("ok", false)) << document::write_json(report);
  const pid_t running = pid("one.server");
  const std::string first = get("/certificate");
  EXPECT_EQ(get("/reloads"), "0");
  EXPECT_TRUE(eventually([&] { return get("/reloads") == "1"; }, std::chrono::seconds(45)))
      << all_events();
  EXPECT_NE(get("/certificate"), first);
  EXPECT_EQ(pid("one.server"), running);
  EXPECT_TRUE(happened("certificate at half its life"));
}

TEST_F(AgentTest, TheMachinesSocketRefusesNobody) {
  start_agent();
  StackText wanted;
  ASSERT_TRUE(apply(wanted).boolean_or("ok", false));
  const auto asks = [&] {
    Command command;
    command.arguments = {"bash", "-c",
                         "exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(port_) +
                             "; printf 'GET /health HTTP/1.1\\r\\n\\r\\n' >&3; head -c 200 <&3"};
    command.timeout = std::chrono::seconds(10);
    const Result<Finished> finished = run(command);
    return finished ? finished->output : std::string();
  };
  // Gone for good: one that is just dying may still take a connection with it.
  const auto kill_client = [&] {
    const pid_t client = pid("two.client");
    ASSERT_GT(client, 0);
    ::kill(client, SIGKILL);
    EXPECT_TRUE(eventually([&] { return ::kill(client, 0) != 0; }));
  };
  EXPECT_NE(asks().find("UP"), std::string::npos);
  kill_client();
  // Waits in the socket until the unit is there again.
  EXPECT_NE(asks().find("UP"), std::string::npos);
  // A new agent has it again.
  kill_agent();
  start_agent();
  EXPECT_TRUE(eventually([&] { return state("two.client") == "ready"; }));
  kill_client();
  EXPECT_NE(asks().find("UP"), std::string::npos);
}

TEST_F(AgentTest, ChangesWaitForEachOther) {
  start_agent();
  StackText slow;
  slow.two = false;
  slow.ready = "'tcp': {'port': 9}"; // nobody listens there
  slow.start_timeout = "2000";
  std::jthread first([&] {
    Value params = Value::map();
    params.set("graph", slow.graph(stack_, port_));
    static_cast<void>(call("apply", params));
  });
  EXPECT_TRUE(eventually([&] { return happened("unlocked") || happened("step/one.prepare"); }));
  StackText wanted;
  wanted.two = false;
  Value params = Value::map();
  params.set("graph", wanted.graph(stack_, port_));
  bool waited = false;
  std::vector<std::string> phases;
  const Result<Value> report =
      call("apply", params, [&](const std::string& method, const Value& news) {
        if (method == "waiting") waited = true;
        if (method == "progress" && news.string_or("id", "") == "unit/one.server") {
          phases.push_back(news.string_or("phase", ""));
        }
      });
  ASSERT_TRUE(report) << report.error().describe();
  EXPECT_TRUE(report->boolean_or("ok", false)) << document::write_json(*report);
  EXPECT_TRUE(waited);
  EXPECT_EQ(phases, (std::vector<std::string>{"started", "done"}));
}

TEST_F(AgentTest, SecretsAndSessions) {
  start_agent();
  StackText wanted;
  wanted.two = false;
  ASSERT_TRUE(apply(wanted).boolean_or("ok", false));
  const Result<Value> secrets = call("secrets");
  ASSERT_TRUE(secrets);
  const Value& secret = secrets->find("secrets")->items().front();
  EXPECT_EQ(secret.string_or("shownAs", ""), "admin");
  EXPECT_EQ(secret.strings_at("usedBy"), std::vector<std::string>{"unit/one.server"});
  const Result<Value> text = call("secret", json("{'name': 'one.password'}"));
  ASSERT_TRUE(text) << text.error().describe();
  EXPECT_EQ("hello " + text->string_or("text", ""), get("/file"));
  EXPECT_TRUE(happened("was shown"));
  EXPECT_EQ(all_events().find(text->string_or("text", "x")), std::string::npos);
  const std::string state_bytes = read_file(places_.state_file()).value_or(std::string()) +
                                  read_file(places_.state_file() + "-wal").value_or(std::string());
  EXPECT_EQ(state_bytes.find(text->string_or("text", "x")), std::string::npos);

  // Work inside a running unit, as the command line does it.
  const Result<Value> inside = call("unit-exec", json("{'component': 'one'}"));
  ASSERT_TRUE(inside) << inside.error().describe();
  Command exec;
  exec.arguments = {inside->string_or("runtime", ""),
                    "--root",
                    inside->string_or("runtimeRoot", ""),
                    "exec",
                    inside->string_or("id", ""),
                    "/tool",
                    "exists",
                    "/data/prepared"};
  const Result<Finished> finished = run(exec);
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->exit_code, 0) << finished->errors;
}

TEST_F(AgentTest, TheSecondAgentIsRefused) {
  start_agent();
  Command second;
  second.arguments = {ALLOD_TEST_AGENT, stack_, "60000"};
  second.environment = {{"ALLOD_STATE_ROOT", places_.state_root},
                        {"ALLOD_RUN_ROOT", places_.run_root},
                        {"ALLOD_STORE_ROOT", places_.store_root}};
  const Result<Finished> finished = run(second);
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->exit_code, 1);
  EXPECT_NE(finished->errors.find("runs already, process " + std::to_string(agent_)),
            std::string::npos)
      << finished->errors;
}

} // namespace
} // namespace allod::agent::testing
