#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "authority_fixture.h"
#include "trust/mtls_server.h"

namespace allod::trust {
namespace {

using std::chrono::seconds;

/// A client over OpenSSL that keeps its connection.
class Client {
 public:
  Client(int port, const TlsMaterial& material, std::optional<SpiffeId> expected = std::nullopt)
      : context_(std::move(*make_client_context(material, std::move(expected)))) {
    connect(port);
  }
  Client(int port, SslContext context) : context_(std::move(context)) { connect(port); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { SSL_free(ssl_); }

  /// Sends bytes and reads until the peer has answered or closed. Empty: nothing came.
  std::string exchange(const std::string& bytes) {
    const int size = static_cast<int>(bytes.size());
    if (!connected_ || (size > 0 && SSL_write(ssl_, bytes.data(), size) <= 0)) return {};
    std::string answer;
    char buffer[4096];
    while (!complete(answer)) {
      const int count = SSL_read(ssl_, buffer, sizeof buffer);
      if (count <= 0) break;
      answer.append(buffer, static_cast<std::size_t>(count));
    }
    return answer;
  }
  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] std::string protocol() const { return SSL_get_version(ssl_); }
  [[nodiscard]] int socket() const { return socket_.get(); }

  static std::string put(const std::string& path, const std::string& body) {
    return "PUT " + path +
           " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
  }

 private:
  void connect(int port) {
    socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval limit{20, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ssl_ = SSL_new(context_.get());
    SSL_set_fd(ssl_, socket_.get());
    connected_ = SSL_connect(ssl_) == 1;
  }

  static bool complete(const std::string& answer) {
    const std::size_t head = answer.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    const std::size_t at = answer.find("Content-Length: ");
    if (at == std::string::npos) return false; // 100 Continue
    return answer.size() >= head + 4 + std::stoul(answer.substr(at + 16));
  }

  SslContext context_;
  UniqueFd socket_;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
};

class MtlsServerTest : public AuthorityTest {
 protected:
  void SetUp() override {
    AuthorityTest::SetUp();
    if (IsSkipped()) return;
    ::signal(SIGPIPE, SIG_IGN); // for the clients of these tests; the server does not rely on it
    quick.on_refused = [this](const std::string& text) {
      const std::lock_guard lock(mutex);
      refused += text + "\n";
      changed.notify_all();
    };
  }
  void TearDown() override { server.reset(); }

  void start(const std::string& trust, HttpHandler handler = {}) {
    UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(listener.get(), 64), 0);
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
    if (!handler) {
      handler = [](const HttpRequest& request) {
        return HttpAnswer{200, Secret(request.method + " " + request.path + " " +
                                      std::string(request.body) + " " + request.peer.uri())};
      };
    }
    Result<MtlsServer> started = MtlsServer::start(
        std::move(listener), material_of(issue("allod"), trust), std::move(handler), quick);
    ASSERT_TRUE(started.ok()) << started.error().describe();
    server.emplace(std::move(*started));
  }

  std::string trust_in(const std::vector<std::string>& components) {
    return *authority->bundle_of(components);
  }
  TlsMaterial client(const std::string& component, seconds lifetime = std::chrono::hours(1)) {
    return material_of(issue(component, lifetime), authority->root().pem);
  }
  std::string ask(const TlsMaterial& material) {
    return Client(port, material).exchange(Client::put("/x", "hello"));
  }
  bool was_refused_for(const std::string& reason) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, seconds(10), [&] { return has(refused, reason); });
  }

  MtlsServerSettings quick;
  std::optional<MtlsServer> server;
  int port = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::string refused;
};

TEST_F(MtlsServerTest, ServesAPeerAndNamesIt) {
  start(trust_in({"openbao"}));
  Client good(port, client("openbao"), authority->id_of("allod").value());
  ASSERT_TRUE(good.connected());
  EXPECT_EQ(good.protocol(), "TLSv1.3");
  for (int i = 0; i < 3; ++i) {
    const std::string answer = good.exchange(Client::put("/v1/x?y", "hello"));
    EXPECT_TRUE(has(answer, "HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(has(answer, "PUT /v1/x hello spiffe://home.localhost/home/openbao")) << answer;
  }
}

TEST_F(MtlsServerTest, RefusesAClientWithoutACertificate) {
  start(trust_in({"openbao"}));
  SslContext bare(SSL_CTX_new(TLS_client_method()));
  EXPECT_EQ(Client(port, std::move(bare)).exchange(Client::put("/x", "")), "");
  EXPECT_TRUE(was_refused_for("peer did not return a certificate"));
}

TEST_F(MtlsServerTest, RefusesAnotherComponentsIssuer) {
  start(trust_in({"openbao"}));
  EXPECT_EQ(ask(client("keycloak")), "");
  EXPECT_TRUE(was_refused_for("unable to get")) << refused;
}

TEST_F(MtlsServerTest, RefusesAForeignAuthorityOfTheSameNames) {
  start(trust_in({"openbao"}));
  const std::string true_root = authority->root().pem;
  // All names are the same, only the keys differ.
  ASSERT_TRUE(token->delete_key("home root").ok());
  ASSERT_TRUE(token->delete_key("home/openbao issuing").ok());
  ASSERT_TRUE(remove_tree(folder / "ca").ok());
  open();
  TlsMaterial forged = client("openbao");
  forged.trust_pem = true_root; // it knows the server well
  EXPECT_EQ(ask(forged), "");
  EXPECT_TRUE(was_refused_for("certificate verify failed")) << refused;
}

TEST_F(MtlsServerTest, RefusesAnExpiredCertificate) {
  start(trust_in({"openbao"}));
  time -= std::chrono::hours(2);
  const TlsMaterial old = client("openbao", std::chrono::hours(1));
  time += std::chrono::hours(2);
  EXPECT_EQ(ask(old), "");
  EXPECT_TRUE(was_refused_for("certificate has expired")) << refused;
}

TEST_F(MtlsServerTest, RefusesOldProtocols) {
  start(trust_in({"openbao"}));
  SslContext context = std::move(*make_client_context(client("openbao")));
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  EXPECT_TRUE(has(Client(port, std::move(context)).exchange(Client::put("/x", "")), "200 OK"));
  context = std::move(*make_client_context(client("openbao")));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
  SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0");
  EXPECT_FALSE(Client(port, std::move(context)).connected());
}

TEST_F(MtlsServerTest, TheClientRefusesAnotherServer) {
  start(trust_in({"openbao"}));
  EXPECT_FALSE(Client(port, client("openbao"), authority->id_of("keycloak").value()).connected());
  TlsMaterial distrusting = client("openbao");
  distrusting.trust_pem = trust_in({"keycloak"});
  EXPECT_FALSE(Client(port, distrusting).connected());
}

TEST_F(MtlsServerTest, RenewalKeepsOpenConnections) {
  start(trust_in({"openbao"}));
  const TlsMaterial openbao = client("openbao");
  Client before(port, openbao);
  ASSERT_TRUE(has(before.exchange(Client::put("/1", "")), "200 OK"));
  // A new certificate of our own, and trust in keycloak in place of openbao.
  ASSERT_TRUE(server->replace(material_of(issue("allod"), trust_in({"keycloak"}))).ok());
  EXPECT_TRUE(has(before.exchange(Client::put("/2", "")), "200 OK"));
  EXPECT_EQ(ask(openbao), "");
  EXPECT_TRUE(has(ask(client("keycloak")), "200 OK"));
  EXPECT_EQ(server->replace({"nothing", Secret("nothing"), ""}).error().code(),
            ErrorCode::invalid_input);
  EXPECT_TRUE(has(ask(client("keycloak")), "200 OK")); // the old stays
}

TEST_F(MtlsServerTest, BoundsHeaderAndBody) {
  quick.header_limit = 1000;
  quick.body_limit = 100;
  start(trust_in({"openbao"}));
  const TlsMaterial material = client("openbao");
  const auto answer_to = [&](const std::string& bytes) {
    return Client(port, material).exchange(bytes).substr(0, 12);
  };
  EXPECT_EQ(answer_to(Client::put("/x", std::string(100, 'b'))), "HTTP/1.1 200");
  EXPECT_EQ(answer_to(Client::put("/x", std::string(101, 'b'))), "HTTP/1.1 413");
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nA: " + std::string(2000, 'a')), "HTTP/1.1 431");
  EXPECT_EQ(answer_to("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), "HTTP/1.1 501");
  EXPECT_EQ(answer_to("nonsense\r\n\r\n"), "HTTP/1.1 400");
}

TEST_F(MtlsServerTest, AnswersPipelinedRequestsInTurn) {
  start(trust_in({"openbao"}));
  Client good(port, client("openbao"));
  std::string answer = good.exchange(Client::put("/1", "one") + Client::put("/2", "two"));
  while (!has(answer, "/2 two")) {
    const std::string more = good.exchange("");
    ASSERT_FALSE(more.empty()) << answer;
    answer += more;
  }
  EXPECT_LT(answer.find("/1 one"), answer.find("/2 two"));
}

TEST_F(MtlsServerTest, EndsSlowRequests) {
  quick.request_time = std::chrono::milliseconds(300);
  quick.handshake_time = std::chrono::milliseconds(300);
  quick.threads = 1;
  start(trust_in({"openbao"}));
  const TlsMaterial material = client("openbao");
  Client slow(port, material);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(slow.exchange("PUT /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc"), "");
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(10));
  // A connection that never begins its handshake does not keep the only thread.
  UniqueFd silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(silent.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_TRUE(has(ask(material), "200 OK"));
}

TEST_F(MtlsServerTest, StopLetsRequestsFinishAndClosesIdleOnes) {
  std::atomic<int> handled = 0;
  std::atomic<bool> let_go = false;
  start(trust_in({"openbao"}), [&](const HttpRequest& request) {
    ++handled;
    handled.notify_all();
    if (request.path == "/slow") let_go.wait(false);
    return HttpAnswer{200, Secret("done")};
  });
  const TlsMaterial material = client("openbao");
  Client idle(port, material);
  ASSERT_TRUE(has(idle.exchange(Client::put("/fast", "")), "done"));
  Client busy(port, material);
  std::string answer;
  std::thread asking([&] { answer = busy.exchange(Client::put("/slow", "")); });
  while (handled < 2)
    handled.wait(1);
  std::thread stopping([&] { server->stop(); });
  EXPECT_EQ(idle.exchange(""), ""); // closed, though the busy one is not
  let_go = true;
  let_go.notify_all();
  asking.join();
  stopping.join();
  EXPECT_TRUE(has(answer, "done")) << answer;
}

TEST_F(MtlsServerTest, ServesManyAtATime) {
  start(trust_in({"openbao"}));
  const TlsMaterial material = client("openbao");
  std::atomic<int> good = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([&] {
      for (int round = 0; round < 5; ++round)
        good += has(ask(material), "200 OK") ? 1 : 0;
    });
  }
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(server->replace(material_of(issue("allod"), trust_in({"openbao"}))).ok());
  for (std::thread& thread : clients)
    thread.join();
  EXPECT_EQ(good, 30);
}

TEST_F(MtlsServerTest, CurlSpeaksWithIt) {
  start(trust_in({"openbao"}));
  const Svid svid = issue("openbao");
  const std::string certificate = put("c.pem", svid.chain_pem());
  const std::string key = put("k.pem", svid.private_key_pem.reveal());
  const std::string root = put("root.pem", authority->root().pem);
  const std::string url = "https://localhost:" + std::to_string(port) + "/v1/x";
  const Finished good =
      command({"curl", "-sS", "--http1.1", "--cacert", root, "--cert", certificate, "--key", key,
               "-X", "POST", "--data-binary", "hello", "-H", "Expect: 100-continue", url});
  EXPECT_EQ(good.output, "POST /v1/x hello spiffe://home.localhost/home/openbao") << good.errors;
  const Finished h2 = command(
      {"curl", "-sS", "--http2", "--cacert", root, "--cert", certificate, "--key", key, url});
  EXPECT_EQ(h2.exit_code, 0) << h2.errors; // both offered, ours chosen
  EXPECT_NE(command({"curl", "-sS", "--cacert", root, url}).exit_code, 0);
}

TEST_F(MtlsServerTest, NeedsAListeningSocket) {
  const Result<MtlsServer> started =
      MtlsServer::start(UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), client("allod"),
                        [](const HttpRequest&) { return HttpAnswer{}; });
  EXPECT_EQ(started.error().code(), ErrorCode::invalid_input);
}

} // namespace
} // namespace allod::trust
