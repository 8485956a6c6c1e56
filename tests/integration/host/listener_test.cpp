// Listening sockets of the machine, handed to units and fetched back.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/files.h"
#include "host/listener.h"
#include "machine.h"

namespace allod::host {
namespace {

using testing::eventually;
using testing::ScratchStack;

#define ASSERT_OK(result) ASSERT_TRUE(result) << (result).error().describe()

class ListenerTest : public testing::HostTest {};

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin_port);
}

/// What the server at a port of the loopback says.
std::string greeting(std::uint16_t port) {
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return "";
  char text[64];
  const ssize_t count = ::read(client.get(), text, sizeof text);
  return count > 0 ? std::string(text, static_cast<std::size_t>(count)) : "";
}

TEST_F(ListenerTest, TakenPortNamesItsHolder) {
  const Result<UniqueFd> first = open_listener("127.0.0.1", 0);
  ASSERT_OK(first);
  EXPECT_NE(::fcntl(first->get(), F_GETFD) & FD_CLOEXEC, 0);
  const std::uint16_t port = port_of(first->get());
  const Result<UniqueFd> second = open_listener("0.0.0.0", port);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::conflict);
  EXPECT_NE(second.error().message().find("process " + std::to_string(::getpid()) + " ("),
            std::string::npos)
      << second.error().describe();
  EXPECT_EQ(open_listener("not an address", 1).error().code(), ErrorCode::invalid_input);
  EXPECT_EQ(open_listener("192.0.2.77", 0).error().code(), ErrorCode::invalid_input);
}

TEST_F(ListenerTest, UnitServesTheMachinesSocketAndANewAgentFetchesItBack) {
  const ScratchStack stack("activation");
  Result<UniqueFd> socket = open_listener("127.0.0.1", 0);
  const Result<UniqueFd> other = open_listener("127.0.0.1", 0);
  ASSERT_OK(socket);
  ASSERT_OK(other);
  const std::uint16_t port = port_of(socket->get());
  ContainerSpec spec = stack.tool("gateway", {"activated"});
  spec.sockets = {{socket->get(), "web"}, {other->get(), "metrics"}};
  Result<Container> unit = Container::start(stack.runtime(), stack.paths(), spec);
  ASSERT_OK(unit);
  EXPECT_EQ(greeting(port), "web:metrics");

  // The agent ends: its descriptor goes. The new one takes the socket out of the unit.
  socket->reset();
  Result<UniqueFd> again = recover_listener(unit->pid(), "127.0.0.1", port);
  ASSERT_OK(again);
  EXPECT_EQ(port_of(again->get()), port);
  // With it, a restart of the unit refuses nobody: who connects meanwhile waits.
  ASSERT_OK(unit->remove());
  const UniqueFd waiting(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(waiting.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  spec.sockets = {{again->get(), "web"}};
  unit = Container::start(stack.runtime(), stack.paths(), spec);
  ASSERT_OK(unit);
  char text[16];
  EXPECT_EQ(::read(waiting.get(), text, sizeof text), 3);
  EXPECT_EQ(recover_listener(unit->pid(), "127.0.0.1", 1).error().code(), ErrorCode::not_found);
}

TEST_F(ListenerTest, ExecDoesNotGetTheSockets) {
  const ScratchStack stack("activation-exec");
  const Result<UniqueFd> socket = open_listener("127.0.0.1", 0);
  ASSERT_OK(socket);
  ContainerSpec spec = stack.tool("gateway", {"activated"});
  spec.sockets = {{socket->get(), "web"}};
  const Result<Container> unit = Container::start(stack.runtime(), stack.paths(), spec);
  ASSERT_OK(unit);
  const Result<Finished> environment = unit->exec({"/tool", "env"});
  ASSERT_OK(environment);
  EXPECT_EQ(environment->output.find("LISTEN_"), std::string::npos) << environment->output;
  EXPECT_EQ(unit->exec({"/tool", "facts"})->output.find("fd 3\n"), std::string::npos);
}

} // namespace
} // namespace allod::host
