// The stack's network, proven by real connections.
#include <array>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "host/namespaces.h"
#include "host/network.h"
#include "machine.h"

namespace allod::host {
namespace {

using testing::eventually;

#define ASSERT_OK(result) ASSERT_TRUE(result) << (result).error().describe()
#define EXPECT_OK(result) EXPECT_TRUE(result) << (result).error().describe()

/// The stack's name: its namespaces begin with this run's mark.
std::string net() {
  return testing::mark().substr(std::string_view("allod-").size()) + "-net";
}

NetworkSpec small(const std::string& stack) {
  return {stack, "10.66.0.1", {{"client", "10.66.0.2"}, {"server", "10.66.0.3"}}};
}

std::string joined(const Result<std::vector<Drift>>& drifts) {
  if (!drifts) return drifts.error().describe();
  std::string text;
  for (const Drift& drift : *drifts) {
    text += std::string(to_string(drift.kind)) + " " + drift.object + " " + drift.detail + "\n";
  }
  return text;
}

bool has(const Result<std::vector<Drift>>& drifts, DriftKind kind) {
  if (!drifts) return false;
  return std::any_of(drifts->begin(), drifts->end(),
                     [&](const Drift& drift) { return drift.kind == kind; });
}

class NetworkTest : public testing::HostTest {
 protected:
  void TearDown() override {
    for (const std::string& stack : {net(), net() + "-2"})
      EXPECT_OK(Network::teardown(stack));
    HostTest::TearDown();
  }

  /// Can `from` open a connection to `address`:`port`? The time is short: a first packet that is
  /// lost would be sent again after a second only, and none may be lost.
  static bool reaches(const Network& network, const std::string& from, const std::string& address,
                      std::uint16_t port) {
    const std::string space =
        from.empty() ? network.router_namespace() : network.component_namespace(from);
    return static_cast<bool>(connect_in_namespace(space, address, port, 300));
  }

  static void in(const std::string& space, std::vector<std::string> arguments) {
    Command command;
    command.arguments = std::move(arguments);
    const UniqueFd handle(::open(space.c_str(), O_RDONLY | O_CLOEXEC));
    command.network_namespace = handle.get();
    const Result<std::string> done = run_checked(command);
    EXPECT_OK(done);
  }
};

TEST_F(NetworkTest, EdgesAloneDecideWhoReachesWhom) {
  Network network(small(net()));
  ASSERT_OK(network.build());
  const Result<UniqueFd> allowed =
      listen_in_namespace(network.component_namespace("server"), "10.66.0.3", 5432);
  const Result<UniqueFd> other =
      listen_in_namespace(network.component_namespace("server"), "10.66.0.3", 5433);
  const Result<UniqueFd> reverse =
      listen_in_namespace(network.component_namespace("client"), "10.66.0.2", 5432);
  ASSERT_OK(allowed);
  ASSERT_OK(other);
  ASSERT_OK(reverse);
  EXPECT_FALSE(reaches(network, "client", "10.66.0.3", 5432));
  ASSERT_OK(network.apply({{"10.66.0.2", "10.66.0.3", 5432}}));
  EXPECT_TRUE(reaches(network, "client", "10.66.0.3", 5432));
  EXPECT_FALSE(reaches(network, "client", "10.66.0.3", 5433));
  EXPECT_FALSE(reaches(network, "server", "10.66.0.2", 5432));
  EXPECT_TRUE(reaches(network, "server", "10.66.0.3", 5432)) << "itself";

  const Result<DropCounters> counters = network.counters();
  ASSERT_OK(counters);
  EXPECT_GE(counters->refused, 3U);
  const Result<std::vector<RefusedConnection>> refused = network.refused();
  ASSERT_OK(refused);
  EXPECT_TRUE(std::any_of(refused->begin(), refused->end(), [](const RefusedConnection& one) {
    return one.source == "10.66.0.2" && one.destination == "10.66.0.3" && one.port == 5433 &&
           one.packets > 0;
  }));
  EXPECT_EQ(joined(network.verify()), "");
}

TEST_F(NetworkTest, AgentReachesComponentsAndIsReachedOverEdgesOnly) {
  Network network(small(net()));
  ASSERT_OK(network.build());
  const Result<UniqueFd> server =
      listen_in_namespace(network.component_namespace("server"), "10.66.0.3", 8080);
  const Result<UniqueFd> seal = listen_in_namespace(network.router_namespace(), "10.66.0.1", 8200);
  ASSERT_OK(server);
  ASSERT_OK(seal);
  EXPECT_TRUE(reaches(network, "", "10.66.0.3", 8080));
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const UniqueFd agent(
      ::accept4(server->get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC));
  EXPECT_EQ(ntohl(from.sin_addr.s_addr), 0x0a420001U) << "the agent comes from its own address";
  EXPECT_FALSE(reaches(network, "server", "10.66.0.1", 8200));
  ASSERT_OK(network.apply({{"10.66.0.3", "10.66.0.1", 8200}}));
  EXPECT_TRUE(reaches(network, "server", "10.66.0.1", 8200));
  EXPECT_FALSE(reaches(network, "client", "10.66.0.1", 8200));
  EXPECT_FALSE(reaches(network, "server", "169.254.1.1", 8200));
}

TEST_F(NetworkTest, RemovedEdgeEndsItsLivingConnection) {
  Network network(small(net()));
  ASSERT_OK(network.build());
  ASSERT_OK(network.apply({{"10.66.0.2", "10.66.0.3", 5432}, {"10.66.0.2", "10.66.0.3", 5433}}));
  const Result<UniqueFd> listener =
      listen_in_namespace(network.component_namespace("server"), "10.66.0.3", 5432);
  ASSERT_OK(listener);
  const Result<UniqueFd> client =
      connect_in_namespace(network.component_namespace("client"), "10.66.0.3", 5432, 1000);
  ASSERT_OK(client);
  const UniqueFd accepted(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_TRUE(accepted);
  timeval limit{0, 300000};
  ::setsockopt(accepted.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  char byte = 'x';
  ASSERT_EQ(::write(client->get(), &byte, 1), 1);
  EXPECT_EQ(::read(accepted.get(), &byte, 1), 1);
  // Another edge goes: this one stays as it is.
  ASSERT_OK(network.apply({{"10.66.0.2", "10.66.0.3", 5432}}));
  ASSERT_EQ(::write(client->get(), &byte, 1), 1);
  EXPECT_EQ(::read(accepted.get(), &byte, 1), 1);
  ASSERT_OK(network.apply({}));
  ASSERT_EQ(::write(client->get(), &byte, 1), 1);
  EXPECT_EQ(::read(accepted.get(), &byte, 1), -1);
}

TEST_F(NetworkTest, ForgedSourceIsDropped) {
  Network network(small(net()));
  ASSERT_OK(network.build());
  ASSERT_OK(network.apply({{"10.66.0.3", "10.66.0.1", 8200}}));
  const Result<UniqueFd> seal = listen_in_namespace(network.router_namespace(), "10.66.0.1", 8200);
  ASSERT_OK(seal);
  // The client takes the server's address, for which there is an edge.
  const std::string client = network.component_namespace("client");
  in(client, {"ip", "address", "add", "10.66.0.3/32", "dev", "eth0"});
  in(client, {"ip", "route", "replace", "10.66.0.1/32", "via", "169.254.1.1", "dev", "eth0", "src",
              "10.66.0.3"});
  EXPECT_FALSE(reaches(network, "client", "10.66.0.1", 8200));
  const Result<DropCounters> counters = network.counters();
  ASSERT_OK(counters);
  EXPECT_GE(counters->spoofed, 1U);
}

TEST_F(NetworkTest, NoWayToTheMachine) {
  Network network(small(net()));
  ASSERT_OK(network.build());
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.get(), 4), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::uint16_t port = ntohs(address.sin_port);
  EXPECT_FALSE(reaches(network, "client", "127.0.0.1", port));
  EXPECT_FALSE(reaches(network, "", "127.0.0.1", port));
  EXPECT_FALSE(reaches(network, "client", "192.0.2.1", port));
  // No address of version 6 anywhere.
  ASSERT_OK(run_in_namespace(network.component_namespace("client"), [] {
    EXPECT_EQ(read_file("/proc/thread-self/net/if_inet6").value_or(""), "");
    return Status();
  }));
}

TEST_F(NetworkTest, EveryDriftIsFoundAndRepaired) {
  Network network(small(net()));
  ASSERT_OK(network.build());
  ASSERT_OK(network.apply({{"10.66.0.2", "10.66.0.3", 5432}}));
  ASSERT_EQ(joined(network.verify()), "");
  const std::string router = network.router_namespace();
  const std::string client = network.component_namespace("client");
  const std::vector<std::pair<DriftKind, std::function<void()>>> damages = {
      {DriftKind::edge_missing,
       [&] {
         in(router, {"nft", "delete", "element", "inet", "allod", "edges",
                     "{ 10.66.0.2 . 10.66.0.3 . 5432 }"});
       }},
      {DriftKind::edge_foreign,
       [&] {
         in(router,
            {"nft", "add", "element", "inet", "allod", "edges", "{ 10.66.0.3 . 10.66.0.2 . 22 }"});
       }},
      {DriftKind::rules_changed,
       [&] {
         in(router, {"nft", "delete", "table", "inet", "allod"});
       }},
      {DriftKind::rules_changed,
       [&] {
         in(router, {"nft", "insert", "rule", "inet", "allod", "forward", "accept"});
       }},
      {DriftKind::source_changed,
       [&] {
         in(router, {"nft", "flush", "set", "inet", "allod", "sources"});
       }},
      {DriftKind::forwarding_off,
       [&] {
         in(router, {"sysctl", "-qw", "net.ipv4.ip_forward=0"});
       }},
      {DriftKind::link_missing,
       [&] {
         in(router, {"ip", "link", "delete", "c-client"});
       }},
      {DriftKind::link_missing,
       [&] {
         in(client, {"ip", "link", "set", "eth0", "down"});
       }},
      {DriftKind::address_missing,
       [&] {
         in(client, {"ip", "address", "delete", "10.66.0.2/32", "dev", "eth0"});
       }},
      {DriftKind::route_missing,
       [&] {
         in(client, {"ip", "route", "delete", "default"});
       }},
      {DriftKind::route_missing,
       [&] {
         in(router, {"ip", "route", "delete", "10.66.0.2/32", "dev", "c-client"});
       }},
      {DriftKind::namespace_missing,
       [&] {
         in(router, {"ip", "netns", "delete", "allod-" + net() + "-client"});
       }},
      {DriftKind::namespace_missing,
       [&] {
         in(client, {"ip", "netns", "delete", "allod-" + net()});
       }},
  };
  for (const auto& [kind, damage] : damages) {
    damage();
    EXPECT_TRUE(has(network.verify(), kind)) << to_string(kind) << " in\n"
                                             << joined(network.verify());
    // A link whose namespace was removed lingers for a moment.
    EXPECT_TRUE(eventually([&] { return static_cast<bool>(network.repair()); })) << to_string(kind);
    EXPECT_EQ(joined(network.verify()), "") << "after the repair of " << to_string(kind);
  }
  const Result<UniqueFd> listener =
      listen_in_namespace(network.component_namespace("server"), "10.66.0.3", 5432);
  ASSERT_OK(listener);
  EXPECT_TRUE(reaches(network, "client", "10.66.0.3", 5432));
}

TEST_F(NetworkTest, NewAgentDoesNotCutEdgesThatItDoesNotKnowYet) {
  Network network(small(net()));
  ASSERT_OK(network.build());
  ASSERT_OK(network.apply({{"10.66.0.2", "10.66.0.3", 5432}}));
  Network again(small(net()));
  ASSERT_OK(again.build());
  EXPECT_EQ(joined(network.verify()), "");
}

TEST_F(NetworkTest, ComponentsComeAndGo) {
  Network network(small(net()));
  ASSERT_OK(network.build());
  NetworkSpec more = small(net());
  more.components.push_back({"a-component-with-a-long-name", "10.66.0.4"});
  ASSERT_OK(network.change(more));
  ASSERT_OK(network.apply({{"10.66.0.4", "10.66.0.3", 5432}}));
  const Result<UniqueFd> listener =
      listen_in_namespace(network.component_namespace("server"), "10.66.0.3", 5432);
  ASSERT_OK(listener);
  EXPECT_TRUE(reaches(network, "a-component-with-a-long-name", "10.66.0.3", 5432));
  ASSERT_OK(network.change(small(net())));
  ASSERT_OK(network.apply({}));
  EXPECT_FALSE(namespace_exists("allod-" + net() + "-a-component-with-a-long-name"));
  EXPECT_EQ(joined(network.verify()), "");
}

TEST_F(NetworkTest, StacksWithLikeNamesAndTheSameAddressesDoNotMeet) {
  // A router is called like a component "2" of the other stack would be.
  Network first(small(net()));
  Network second(small(net() + "-2"));
  ASSERT_OK(first.build());
  ASSERT_OK(second.build());
  ASSERT_OK(first.apply({{"10.66.0.2", "10.66.0.3", 5432}}));
  const Result<UniqueFd> listener =
      listen_in_namespace(first.component_namespace("server"), "10.66.0.3", 5432);
  ASSERT_OK(listener);
  EXPECT_TRUE(reaches(first, "client", "10.66.0.3", 5432));
  EXPECT_FALSE(reaches(second, "client", "10.66.0.3", 5432));
  NetworkSpec clash = small(net());
  clash.components.push_back({"2", "10.66.0.9"});
  Network third(clash);
  const Status refused = third.build();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::conflict);
  ASSERT_OK(Network::teardown(net()));
  EXPECT_EQ(joined(second.verify()), "");
}

TEST_F(NetworkTest, BadSpecsAreRefusedBeforeAnythingIsMade) {
  NetworkSpec twice = small(net());
  twice.components.push_back({"third", "10.66.0.3"});
  EXPECT_EQ(Network(twice).build().error().code(), ErrorCode::invalid_input);
  NetworkSpec no_address = small(net());
  no_address.components[0].address = "ten";
  EXPECT_EQ(Network(no_address).build().error().code(), ErrorCode::invalid_input);
  EXPECT_FALSE(namespace_exists("allod-" + net()));
  Network network(small(net()));
  ASSERT_OK(network.build());
  EXPECT_EQ(network.apply({{"10.66.0.2", "10.9.9.9", 1}}).error().code(), ErrorCode::invalid_input);
}

TEST_F(NetworkTest, NamesThatARebootLeftAreTakenAgain) {
  ASSERT_OK(make_directories("/run/netns"));
  ASSERT_OK(write_file("/run/netns/allod-" + net(), "", {.mode = 0444}));
  ASSERT_OK(write_file("/run/netns/allod-" + net() + "-client", "", {.mode = 0444}));
  Network network(small(net()));
  ASSERT_OK(network.build());
  EXPECT_EQ(joined(network.verify()), "");
}

} // namespace
} // namespace allod::host
