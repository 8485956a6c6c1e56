#include <deque>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/http_step.h"
#include "base/unique_fd.h"
#include "document/json_reader.h"

namespace allod::agent {
namespace {

using document::Value;
using namespace std::chrono_literals;

/// Answers each connection with the next text and keeps what was asked.
class Server {
 public:
  explicit Server(std::deque<std::string> answers) : answers_(std::move(answers)) {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), generic, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    ::getsockname(listener_.get(), generic, &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~Server() { ::shutdown(listener_.get(), SHUT_RDWR); }

  [[nodiscard]] HttpStepPlace place() const {
    HttpStepPlace place;
    place.endpoint.url = "http://web:" + std::to_string(port_);
    place.endpoint.address = "127.0.0.1";
    place.secrets = [](const std::string& id) -> Result<Secret> {
      if (id == "web.password") return Secret("s3cretS3cret");
      return Error(ErrorCode::not_found, "no secret " + id);
    };
    return place;
  }
  [[nodiscard]] const std::vector<std::string>& asked() const { return asked_; }

 private:
  void serve() {
    while (!answers_.empty()) {
      const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
      if (!client) return;
      char buffer[4096];
      const ssize_t count = ::read(client.get(), buffer, sizeof buffer);
      asked_.emplace_back(buffer, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      const std::string answer = answers_.front();
      answers_.pop_front();
      const ssize_t ignored = ::write(client.get(), answer.data(), answer.size());
      static_cast<void>(ignored);
    }
  }

  UniqueFd listener_;
  int port_ = 0;
  std::deque<std::string> answers_;
  std::vector<std::string> asked_;
  std::jthread thread_;
};

std::string answer(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

Status run(Server& server, const std::string& requests, std::chrono::milliseconds timeout = 5s) {
  Result<Value> list = document::read_json("test", requests);
  EXPECT_TRUE(list) << list.error().describe();
  return run_http_step(*list, server.place(), timeout, {});
}

TEST(HttpStep, WhatIsCapturedServesTheNextRequest) {
  Server server(
      {answer(200, R"({"auth": {"token": "abc"}, "mounts": {"kv/": {}}})"), answer(204, "")});
  const Status done = run(server, R"([
    {"method": "POST", "path": "/login", "body": {"password": "\uE000secret:web.password\uE001"},
     "capture": {"token": "${response.body.auth.token}", "mounts": "${response.body.mounts}"}},
    {"method": "POST", "path": "/mounts/kv", "if": "${!('kv/' in captured.mounts)}"},
    {"method": "PUT", "path": "/roles/${captured.token}", "headers": {"X-Token": "t-${captured.token}"},
     "form": {"a b": "c&d"}}])");
  ASSERT_TRUE(done) << done.error().describe();
  ASSERT_EQ(server.asked().size(), 2U);
  EXPECT_NE(server.asked()[0].find(R"({"password":"s3cretS3cret"})"), std::string::npos);
  EXPECT_NE(server.asked()[1].find("PUT /roles/abc "), std::string::npos);
  EXPECT_NE(server.asked()[1].find("X-Token: t-abc"), std::string::npos);
  EXPECT_NE(server.asked()[1].find("a+b=c%26d"), std::string::npos);
}

TEST(HttpStep, AServerThatIsNotThereYetIsAskedAgain) {
  Server server({answer(503, "starting"), "", answer(200, "ok")});
  const Status done = run(server, R"([{"method": "GET", "path": "/"}])");
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(server.asked().size(), 3U);
}

TEST(HttpStep, AFailureShowsItsAnswerWithoutSecrets) {
  Server server({answer(200, R"({"token": "tokentokentokentoken"})"),
                 answer(400, "bad s3cretS3cret and tokentokentokentoken")});
  const Status done = run(server, R"([
    {"method": "GET", "path": "/login", "capture": {"token": "${response.body.token}"}},
    {"method": "POST", "path": "/x", "text": "\uE000secret:web.password\uE001"}])");
  ASSERT_FALSE(done);
  const std::string text = done.error().describe();
  EXPECT_NE(text.find("POST http://web:"), std::string::npos) << text;
  EXPECT_NE(text.find("/x → 400 bad (secret web.password) and (secret captured.token)"),
            std::string::npos)
      << text;
}

TEST(HttpStep, SignsRequestsWhenTheStepSaysSo) {
  Server server({answer(200, "")});
  HttpStepPlace place = server.place();
  place.signature = *document::read_json("test", R"({"accessKey": "allod", "region": "eu-1",
    "secretKey": "\uE000secret:web.password\uE001"})");
  const Result<Value> requests = document::read_json(
      "test", R"([{"method": "PUT", "path": "/bucket?policy=", "text": "hello"}])");
  ASSERT_TRUE(run_http_step(*requests, place, 5s, {}));
  const std::string& asked = server.asked().front();
  EXPECT_NE(asked.find("Authorization: AWS4-HMAC-SHA256 Credential=allod/"), std::string::npos);
  EXPECT_NE(asked.find("/eu-1/s3/aws4_request, SignedHeaders="), std::string::npos) << asked;
  EXPECT_NE(asked.find("x-amz-content-sha256: "
                       "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
            std::string::npos)
      << asked;
  EXPECT_EQ(asked.find("s3cret"), std::string::npos) << asked;
}

TEST(HttpStep, GivesUpAtItsTime) {
  Server server({answer(503, "a"), answer(503, "b"), answer(503, "c"), answer(503, "d")});
  const auto begin = std::chrono::steady_clock::now();
  const Status done = run(server, R"([{"method": "GET", "path": "/"}])", 250ms);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST(HttpStep, AnExpressionThatFailsIsNamed) {
  Server server({answer(200, "{}")});
  const Status done = run(server, R"([{"method": "GET", "path": "/",
    "capture": {"token": "${response.body.auth.token}"}}])");
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().describe().find("capturing token"), std::string::npos)
      << done.error().describe();
}

} // namespace
} // namespace allod::agent
