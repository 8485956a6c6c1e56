#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "fixture.h"
#include "trust/local_server.h"

namespace allod::trust {
namespace {

const SpiffeId kBao = *SpiffeId::parse("spiffe://home.localhost/home/openbao");

class LocalServerTest : public testing::Test {
 protected:
  void start(uid_t user) {
    Result<UniqueFd> listener = listen_locally(path, ::geteuid(), ::getegid());
    ASSERT_TRUE(listener.ok()) << listener.error().describe();
    Result<LocalServer> started = LocalServer::start(
        std::move(*listener),
        [user](const PeerCredentials& peer) {
          return peer.user == user ? std::optional(kBao) : std::nullopt;
        },
        [](const HttpRequest& request) {
          return HttpAnswer{200, Secret(std::string(request.body) + " " + request.peer.uri())};
        });
    ASSERT_TRUE(started.ok()) << started.error().describe();
    server.emplace(std::move(*started));
  }

  Finished ask() {
    return command({"curl", "-sS", "--unix-socket", path, "-X", "PUT", "--data-binary", "hello",
                    "http://localhost/v1/x"});
  }

  TemporaryFolder folder;
  std::string path = folder / "seal.sock";
  std::optional<LocalServer> server;
};

TEST_F(LocalServerTest, KnowsItsPeerByTheKernelsWord) {
  start(::geteuid());
  EXPECT_EQ(ask().output, "hello spiffe://home.localhost/home/openbao") << ask().errors;
}

TEST_F(LocalServerTest, RefusesOtherUsers) {
  start(::geteuid() + 1);
  EXPECT_NE(ask().exit_code, 0);
}

TEST_F(LocalServerTest, TheSocketIsForOneUser) {
  start(::geteuid());
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(LocalServerTest, TakesThePlaceOfAStaleSocket) {
  start(::geteuid());
  server.reset();
  EXPECT_TRUE(exists(path));
  start(::geteuid());
  EXPECT_EQ(ask().exit_code, 0) << ask().errors;
  EXPECT_EQ(listen_locally(std::string(108, 'a'), 0, 0).error().code(), ErrorCode::invalid_input);
}

} // namespace
} // namespace allod::trust
