#include <gtest/gtest.h>

#include "trust/http_wire.h"

namespace allod::trust {
namespace {

int status_of(std::string_view head) {
  Refusal refusal{0, ""};
  const std::optional<RequestHead> parsed = parse_head(head, 1000, refusal);
  return parsed ? 200 : refusal.status;
}

TEST(HttpWire, ParsesARequestAsGoSendsIt) {
  Refusal refusal;
  const std::optional<RequestHead> head =
      parse_head("PUT /v1/transit/encrypt/openbao?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8250\r\n"
                 "User-Agent: Go-http-client/1.1\r\nContent-Length: 20\r\n"
                 "X-Vault-Request: true\r\nAccept-Encoding: gzip\r\n\r\n",
                 1000, refusal);
  ASSERT_TRUE(head.has_value()) << refusal.reason;
  EXPECT_EQ(head->method, "PUT");
  EXPECT_EQ(head->path, "/v1/transit/encrypt/openbao");
  EXPECT_EQ(head->content_length, 20U);
  EXPECT_FALSE(head->close);
  EXPECT_FALSE(head->expect_continue);
}

TEST(HttpWire, ReadsConnectionAndExpect) {
  Refusal refusal;
  EXPECT_TRUE(
      parse_head("GET / HTTP/1.1\r\nconnection: keep-alive, Close\r\n\r\n", 0, refusal)->close);
  EXPECT_TRUE(parse_head("GET / HTTP/1.0\r\n\r\n", 0, refusal)->close);
  EXPECT_TRUE(
      parse_head("PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 0\r\n\r\n", 0, refusal)
          ->expect_continue);
}

TEST(HttpWire, RefusesByName) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 200);
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\n\r\n"), 505);
  EXPECT_EQ(status_of("PUT / HTTP/1.1\r\n\r\n"), 411);
  EXPECT_EQ(status_of("PUT / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"), 200);
  EXPECT_EQ(status_of("PUT / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n"), 413);
  EXPECT_EQ(status_of("PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"), 413);
  EXPECT_EQ(status_of("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 501);
  EXPECT_EQ(status_of("PUT / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
            501);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nExpect: a miracle\r\n\r\n"), 417);
}

// What two parsers may read differently (RFC 9112 sections 2.2, 5.1, 6.3, 11.2).
TEST(HttpWire, RefusesWhatIsAmbiguous) {
  for (const char* head : {"\r\n\r\n",
                           " GET / HTTP/1.1\r\n\r\n",
                           "GET  / HTTP/1.1\r\n\r\n",
                           "GET /\r\n\r\n",
                           "GET http://a/ HTTP/1.1\r\n\r\n",
                           "GET /a b HTTP/1.1\r\n\r\n",
                           "G\"T / HTTP/1.1\r\n\r\n",
                           "GET / HTTP/1.1 \r\n\r\n",
                           "GET / HTTP/1.1\nA: b\r\n\r\n",
                           "GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\n",
                           "GET / HTTP/1.1\r\n A: folded\r\n\r\n",
                           "GET / HTTP/1.1\r\nno colon\r\n\r\n",
                           "GET / HTTP/1.1\r\n: b\r\n\r\n",
                           "GET / HTTP/1.1\r\nA: b\nContent-Length: 1\r\n\r\n",
                           "GET / HTTP/1.1\r\nA: \x01\r\n\r\n",
                           "PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                           "PUT / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
                           "PUT / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
                           "PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                           "PUT / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n",
                           "PUT / HTTP/1.1\r\nContent-Length:\r\n\r\n"}) {
    const int status = status_of(head);
    EXPECT_TRUE(status == 400 || status == 505) << head << status;
  }
}

TEST(HttpWire, FindsTheEndOfAHead) {
  EXPECT_EQ(head_size("GET / HTTP/1.1\r\n"), 0U);
  EXPECT_EQ(head_size("GET / HTTP/1.1\r\n\r\nbody"), 18U);
}

TEST(HttpWire, WritesAnAnswer) {
  const HttpAnswer answer{403, Secret("{}"), "application/json"};
  EXPECT_EQ(answer_head(answer, true),
            "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n");
}

} // namespace
} // namespace allod::trust
