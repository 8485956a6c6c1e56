// The Workload API as a client sees it; curl speaks the HTTP/2, so that both ends are not ours.
#include <atomic>
#include <thread>

#include <sys/stat.h>

#include "../trust/authority_fixture.h"
#include "spiffe/protobuf.h"
#include "spiffe/workload_api.h"

namespace allod::spiffe {
namespace {

std::string framed(const std::string& message) {
  const std::size_t size = message.size();
  std::string frame(3, '\0');
  frame += static_cast<char>(size >> 8);
  frame += static_cast<char>(size & 0xFF);
  return frame + message;
}

class WorkloadApiTest : public trust::AuthorityTest {
 protected:
  void SetUp() override {
    AuthorityTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    svid = std::make_shared<const trust::Svid>(issue("app"));
    WorkloadSources sources;
    sources.attest = [this](const trust::PeerCredentials& peer) -> Result<trust::SpiffeId> {
      if (!known) return Error(ErrorCode::permission, "a stranger");
      EXPECT_EQ(peer.user, ::getuid());
      return svid->id;
    };
    sources.certificate = [this](const trust::SpiffeId&) {
      return Result<std::shared_ptr<const trust::Svid>>(svid);
    };
    sources.roots = [this]() -> Result<std::string> { return authority->root().pem; };
    sources.jwt_keys = [] { return std::vector<std::string>{"home jwt"}; };
    sources.record = [this](const std::string& what, const std::string&, const std::string&) {
      records.push_back(what);
    };
    const trust::TrustDomain domain = *trust::TrustDomain::parse("home.localhost");
    api.emplace(domain, JwtAuthority(*token, {.domain = domain, .clock = [this] { return time; }}),
                sources);
    Result<UniqueFd> listener = trust::listen_locally(folder / "s", ::getuid(), ::getgid(), 0666);
    ASSERT_TRUE(listener.ok()) << listener.error().describe();
    auto started = GrpcServer::start(std::move(*listener),
                                     [this](const GrpcCall& call) { return api->handle(call); });
    ASSERT_TRUE(started.ok());
    server = std::move(*started);
  }

  struct Answer {
    std::string headers; ///< and trailers
    std::string body;
  };
  Answer call(const std::string& method, const std::string& message, bool mark = true,
              const std::string& seconds = "10") {
    const std::string request = put("request", framed(message));
    std::vector<std::string> arguments = {"curl",
                                          "-sS",
                                          "--http2-prior-knowledge",
                                          "--unix-socket",
                                          folder / "s",
                                          "-m",
                                          seconds,
                                          "-H",
                                          "content-type: application/grpc",
                                          "-H",
                                          "te: trailers",
                                          "-D",
                                          folder / "headers",
                                          "-o",
                                          folder / "body",
                                          "--data-binary",
                                          "@" + request,
                                          "http://localhost/SpiffeWorkloadAPI/" + method};
    if (mark) {
      arguments.insert(arguments.end(), {"-H", "workload.spiffe.io: true"});
    }
    (void)trust::command(arguments);
    return {read_file(folder / "headers").value_or(std::string()),
            read_file(folder / "body").value_or(std::string())};
  }

  std::atomic<bool> known = true;
  std::shared_ptr<const trust::Svid> svid;
  std::vector<std::string> records;
  std::optional<WorkloadApi> api;
  std::unique_ptr<GrpcServer> server;
};

std::string field_of(std::string_view message, std::uint32_t number) {
  MessageReader reader(message);
  while (!reader.at_end()) {
    const Result<Field> field = reader.next();
    if (!field) return "malformed";
    if (field->number == number) return std::string(field->bytes);
  }
  return "missing";
}

TEST_F(WorkloadApiTest, WithoutTheSecurityHeaderNothingIsTold) {
  const Answer answer = call("FetchJWTBundles", "", /*mark=*/false);
  EXPECT_TRUE(trust::has(answer.headers, "grpc-status: 3")) << answer.headers;
  EXPECT_TRUE(answer.body.empty());
}

TEST_F(WorkloadApiTest, AStrangerIsRefusedAndRecorded) {
  known = false;
  for (const char* method : {"FetchX509SVID", "FetchX509Bundles", "FetchJWTSVID", "FetchJWTBundles",
                             "ValidateJWTSVID"}) {
    const Answer answer = call(method, "");
    EXPECT_TRUE(trust::has(answer.headers, "grpc-status: 7")) << method << answer.headers;
    EXPECT_TRUE(answer.body.empty());
  }
  EXPECT_EQ(records.size(), 5U);
}

TEST_F(WorkloadApiTest, WhoeverSeesTheSocketMayConnect) {
  struct stat facts {};
  ASSERT_EQ(::stat((folder / "s").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0666U) << "whatever the umask is";
}

TEST_F(WorkloadApiTest, UnknownMethodsAreUnimplemented) {
  EXPECT_TRUE(trust::has(call("FetchWITSVID", "").headers, "grpc-status: 12"));
}

TEST_F(WorkloadApiTest, JwtSvidsAreGivenAndValidated) {
  const Answer given = call("FetchJWTSVID", MessageWriter().text(1, "orders").take());
  ASSERT_TRUE(trust::has(given.headers, "grpc-status: 0")) << given.headers;
  const std::string entry = field_of(given.body.substr(5), 1);
  EXPECT_EQ(field_of(entry, 1), svid->id.uri());
  const std::string given_token = field_of(entry, 2);
  const Answer checked =
      call("ValidateJWTSVID", MessageWriter().text(1, "orders").text(2, given_token).take());
  EXPECT_TRUE(trust::has(checked.headers, "grpc-status: 0")) << checked.headers;
  EXPECT_EQ(field_of(checked.body.substr(5), 1), svid->id.uri());
  EXPECT_TRUE(trust::has(call("FetchJWTSVID", "").headers, "grpc-status: 3"));
  const std::string as_other =
      MessageWriter().text(1, "orders").text(2, "spiffe://home.localhost/home/other").take();
  EXPECT_TRUE(trust::has(call("FetchJWTSVID", as_other).headers, "grpc-status: 7"));
}

TEST_F(WorkloadApiTest, AStreamTellsAgainWhenSomethingChanged) {
  std::thread renewal([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    server->changed(); // nothing new: nothing is sent
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    known = false;
    server->changed();
  });
  const Answer answer = call("FetchX509SVID", "");
  renewal.join();
  // The stream went on until the caller was somebody no more.
  EXPECT_TRUE(trust::has(answer.headers, "grpc-status: 7")) << answer.headers;
  const std::string first = answer.body.substr(5);
  const std::string entry = field_of(first, 1);
  EXPECT_EQ(field_of(entry, 1), svid->id.uri());
  put("leaf.der", field_of(entry, 2));
  const auto shown = trust::command({"openssl", "x509", "-inform", "der", "-noout", "-ext",
                                     "subjectAltName", "-in", folder / "leaf.der"});
  EXPECT_TRUE(trust::has(shown.output, svid->id.uri())) << shown.errors;
}

TEST_F(WorkloadApiTest, HostileConnectionsLeaveTheServerStanding) {
  for (const char* bytes :
       {"", "GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xFF\xFF\xFF"}) {
    put("junk", bytes);
    (void)trust::command({"sh", "-c",
                          "curl -s -m 2 --unix-socket " + (folder / "s") +
                              " telnet://localhost < " + (folder / "junk")});
  }
  EXPECT_TRUE(trust::has(call("FetchJWTSVID", MessageWriter().text(1, "a").take()).headers,
                         "grpc-status: 0"));
}

} // namespace
} // namespace allod::spiffe
