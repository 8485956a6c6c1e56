#include <csignal>

#include <gtest/gtest.h>

#include "agent/unit_container.h"
#include "agent/unit_definition.h"
#include "agent/unit_files.h"
#include "document/json_reader.h"
#include "scratch_folder.h"

namespace allod::agent {
namespace {

using document::Value;
using testing::ScratchFolder;

graph::Graph graph_with(const std::string& spec) {
  graph::Graph graph;
  graph.stack = "home";
  graph.allocations.users["web.server"] = 7;
  graph::Resource network;
  network.id = "network/web";
  network.kind = graph::ResourceKind::network;
  network.component = "web";
  network.spec.set("address", "10.66.0.9");
  graph::Resource unit;
  unit.id = "unit/web.server";
  unit.kind = graph::ResourceKind::unit;
  unit.component = "web";
  Result<Value> parsed = document::read_json("test", spec);
  EXPECT_TRUE(parsed) << parsed.error().describe();
  unit.spec = std::move(*parsed);
  graph.resources = {network, unit};
  return graph;
}

const char* kSpec = R"({"kind": "service", "image": {"name": "web/web", "key": "abc"},
  "command": ["/bin/web", "-v"], "environment": {"LANG": "C.UTF-8", "NUMBER": 3},
  "user": {"name": "web", "home": "/var/web", "slot": "web.server"},
  "sockets": [{"name": "public", "address": "127.0.0.1", "port": 8443}],
  "volumes": [{"volume": "volume/web.data", "path": "/var/web"}],
  "writable": [{"path": "/dev/shm", "sizeBytes": 1048576}, {"path": "/cache", "sizeBytes": 2097152}],
  "identity": {"formats": ["pem"], "reload": {"signal": "HUP"}, "clients": "restart"},
  "files": {"/etc/web/a.conf": {"format": "text", "content": "x"}},
  "hosts": {"db": "10.66.0.2"},
  "ready": {"http": {"port": 9000, "path": "/ready", "status": [200, 204], "contains": "UP"},
            "intervalMilliseconds": 1000, "failures": 5},
  "stop": {"signal": "INT", "graceMilliseconds": 3000},
  "resources": {"memoryBytes": 268435456, "pids": 256}, "capabilities": ["NET_BIND_SERVICE"]})";

TEST(UnitDefinition, TakesWhatTheGraphSays) {
  const graph::Graph graph = graph_with(kSpec);
  const Result<UnitDefinition> unit = unit_definition(graph.resources[1], graph, 2000000);
  ASSERT_TRUE(unit) << unit.error().describe();
  EXPECT_EQ(unit->name, "web.server");
  EXPECT_EQ(unit->title, "web");
  EXPECT_EQ(unit->user, 2000007U);
  EXPECT_EQ(unit->address, "10.66.0.9");
  EXPECT_EQ(unit->reload.signal, SIGHUP);
  EXPECT_TRUE(unit->clients_restart);
  EXPECT_EQ(unit->stop_signal, SIGINT);
  EXPECT_EQ(unit->grace.count(), 3000);
  ASSERT_TRUE(unit->probe && unit->probe->http);
  EXPECT_EQ(unit->probe->http->status, (std::set<int>{200, 204}));
  EXPECT_EQ(unit->probe->failures, 5);
  EXPECT_EQ(unit->probe->start_timeout.count(), 120000);
  EXPECT_EQ(unit->sockets.at("public"), ListenAddress("127.0.0.1", 8443));
  EXPECT_EQ(unit->volumes[0].first, "web.data");
}

TEST(UnitDefinition, SaysWhatIsWrong) {
  const auto problem = [](const std::string& spec) {
    const graph::Graph graph = graph_with(spec);
    const Result<UnitDefinition> unit = unit_definition(graph.resources[1], graph, 2000000);
    return unit ? std::string() : unit.error().message();
  };
  EXPECT_NE(problem(R"({"user": {"slot": "web.server"}})").find("no command"), std::string::npos);
  EXPECT_NE(problem(R"({"command": ["/x"], "user": {"slot": "other"}})").find("no user id"),
            std::string::npos);
  EXPECT_NE(problem(R"({"command": ["/x"], "stop": {"signal": "NOPE"}})").find("NOPE"),
            std::string::npos);
}

TEST(UnitDefinition, SignalsByNameAndNumber) {
  EXPECT_EQ(*signal_number("HUP"), SIGHUP);
  EXPECT_EQ(*signal_number("SIGUSR1"), SIGUSR1);
  EXPECT_EQ(*signal_number("15"), SIGTERM);
  EXPECT_FALSE(signal_number("99"));
  EXPECT_FALSE(signal_number(""));
}

TEST(UnitContainer, IsWhatTheSpecSays) {
  const graph::Graph graph = graph_with(kSpec);
  const Result<UnitDefinition> unit = unit_definition(graph.resources[1], graph, 2000000);
  ASSERT_TRUE(unit);
  Places places{"home", "/var/lib/allod", "/run/allod", "/var/cache/allod"};
  ContainerParts parts;
  parts.rootfs = "/var/cache/allod/rootfs/abc/tree";
  parts.network_namespace = "/run/netns/allod-home-web";
  parts.volumes["web.data"] = "/var/lib/allod/home/volumes/web.data";
  const Result<host::ContainerSpec> spec = container_spec(*unit, places, parts);
  ASSERT_TRUE(spec) << spec.error().describe();
  EXPECT_EQ(spec->environment.at("NUMBER"), "3");
  EXPECT_EQ(spec->uid, 2000007U);
  EXPECT_EQ(spec->passwd.back(), "web:x:2000007:2000007::/var/web:/bin/sh");
  EXPECT_EQ(spec->shared_memory, 1048576U);
  EXPECT_EQ(spec->memory_limit, 268435456U);
  EXPECT_EQ(spec->capabilities, std::vector<std::string>{"CAP_NET_BIND_SERVICE"});
  EXPECT_EQ(spec->hosts, "127.0.0.1 localhost\n10.66.0.2 db\n");
  EXPECT_EQ(spec->tmpfs.size(), 3U); // /cache, /run, /tmp
  bool identity = false;
  for (const host::Mount& mount : spec->mounts) {
    if (mount.destination == "/run/identity") identity = mount.read_only;
  }
  EXPECT_TRUE(identity);
}

TEST(UnitContainer, AVolumeThatIsNotThereIsAnError) {
  const graph::Graph graph = graph_with(kSpec);
  const Result<UnitDefinition> unit = unit_definition(graph.resources[1], graph, 2000000);
  const Places places{"home", "/var/lib/allod", "/run/allod", "/var/cache/allod"};
  EXPECT_FALSE(container_spec(*unit, places, {}));
}

TEST(UnitFiles, FoldersCoverEachOther) {
  EXPECT_EQ(covering_folders({"/etc/x/a", "/etc/x/y/b", "/etc/xy/c", "/opt/d/e"}),
            (std::vector<std::string>{"/etc/x", "/etc/xy", "/opt/d"}));
  EXPECT_TRUE(covering_folders({}).empty());
}

class UnitFilesTest : public ::testing::Test {
 protected:
  UnitDefinition unit(const std::string& files) {
    const graph::Graph graph = graph_with(
        R"({"command": ["/x"], "user": {"slot": "web.server"}, "files": )" + files + "}");
    Result<UnitDefinition> definition =
        unit_definition(graph.resources[1], graph, static_cast<std::uint32_t>(::getuid()));
    EXPECT_TRUE(definition);
    return std::move(*definition);
  }
  std::string content(const std::string& path) {
    return read_file(places_.files_of("web.server") + path).value_or(std::string("(none)"));
  }

  ScratchFolder folder_;
  Places places_{"home", folder_.path() + "/state", folder_.path() + "/run", folder_.path()};
  UnitFiles files_{
      places_, [](const std::string& id) { return Result<Secret>(Secret("S3" + id.substr(4))); },
      [] { return std::string("the roots\n"); }, usual_formats()};
};

TEST_F(UnitFilesTest, AreLaidWithTheirSecretsAndPutRight) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const UnitDefinition first = unit(R"({
    "/etc/web/a.json": {"format": "json", "options": {}, "content": {"p": "\uE000secret:web.pass\uE001"}},
    "/etc/web/sub/b.txt": {"format": "text", "content": "b"}})");
  const Status laid = files_.lay(first);
  ASSERT_TRUE(laid) << laid.error().describe();
  EXPECT_NE(content("/etc/web/a.json").find("S3pass"), std::string::npos);
  EXPECT_EQ(content("/etc/web/sub/b.txt"), "b");
  EXPECT_EQ(files_.mounts(first).size(), 1U);
  EXPECT_TRUE(files_.repair(first)->empty());
  const Status spoilt = write_file(places_.files_of("web.server") + "/etc/web/sub/b.txt", "spoilt");
  ASSERT_TRUE(spoilt);
  EXPECT_EQ(*files_.repair(first), std::vector<std::string>{"/etc/web/sub/b.txt"});
  EXPECT_EQ(content("/etc/web/sub/b.txt"), "b");
  // What is no longer wanted goes.
  const UnitDefinition second = unit(R"({"/etc/web/a.json": {"format": "text", "content": "a"}})");
  ASSERT_TRUE(files_.lay(second));
  EXPECT_EQ(content("/etc/web/sub/b.txt"), "(none)");
  EXPECT_EQ(content("/etc/web/a.json"), "a");
}

TEST_F(UnitFilesTest, ANewAgentSeesWhatWasSpoiltMeanwhile) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const UnitDefinition definition = unit(R"({"/etc/web/a": {"format": "text", "content": "a"}})");
  ASSERT_TRUE(files_.lay(definition));
  const Status spoilt = write_file(places_.files_of("web.server") + "/etc/web/a", "b");
  ASSERT_TRUE(spoilt);
  UnitFiles fresh(
      places_, [](const std::string&) { return Result<Secret>(Secret("x")); },
      [] { return std::string(); }, usual_formats());
  EXPECT_EQ(fresh.repair(definition)->size(), 1U);
  EXPECT_EQ(content("/etc/web/a"), "a");
}

TEST_F(UnitFilesTest, EtcItselfIsNotHidden) {
  const Status laid = files_.lay(unit(R"({"/etc/a": {"format": "text", "content": "a"}})"));
  ASSERT_FALSE(laid);
  EXPECT_NE(laid.error().message().find("/etc itself"), std::string::npos);
}

} // namespace
} // namespace allod::agent
