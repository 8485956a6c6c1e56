#include "../trust/authority_fixture.h"
#include "spiffe/jwt_svid.h"

namespace allod::spiffe {
namespace {

using nlohmann::json;

class JwtSvidTest : public trust::AuthorityTest {
 protected:
  JwtAuthority make(const std::string& domain = "home.localhost") {
    return JwtAuthority(
        *token, {.domain = *trust::TrustDomain::parse(domain), .clock = [this] { return time; }});
  }
  trust::SpiffeId id = *trust::SpiffeId::parse("spiffe://home.localhost/home/app");
  const std::vector<std::string> keys{"home jwt"};
};

TEST_F(JwtSvidTest, WhatIsSignedIsValidForItsAudience) {
  JwtAuthority jwt = make();
  const Result<std::string> text = jwt.sign(keys, id, {"orders", "billing"});
  ASSERT_TRUE(text.ok()) << text.error().describe();
  const Result<JwtSvid> svid = jwt.validate(keys, *text, "billing");
  ASSERT_TRUE(svid.ok()) << svid.error().describe();
  EXPECT_EQ(svid->id, id);
  EXPECT_EQ(svid->claims["aud"], (json{"orders", "billing"}));
  EXPECT_EQ(svid->claims["exp"].get<std::int64_t>() - svid->claims["iat"].get<std::int64_t>(), 300);
  EXPECT_FALSE(jwt.validate(keys, *text, "other").ok());
  time += std::chrono::minutes(7);
  const Result<JwtSvid> late = jwt.validate(keys, *text, "billing");
  ASSERT_FALSE(late.ok());
  EXPECT_TRUE(trust::has(late.error().message(), "expired"));
}

TEST_F(JwtSvidTest, AnAlteredTokenIsRefused) {
  JwtAuthority jwt = make();
  const std::string text = *jwt.sign(keys, id, {"orders"});
  for (std::size_t i = 0; i < text.size(); i += 7) {
    std::string other = text;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    // The last digit carries two bits that say nothing.
    if (i + 1 == text.size()) continue;
    EXPECT_FALSE(jwt.validate(keys, other, "orders").ok()) << i;
  }
  for (const char* bad : {"", ".", "..", "a.b", "a.b.c.d", "e30.e30.e30", "=.=.="}) {
    EXPECT_FALSE(jwt.validate(keys, bad, "orders").ok()) << bad;
  }
}

TEST_F(JwtSvidTest, NoOtherAlgorithmIsTaken) {
  JwtAuthority jwt = make();
  const std::string text = *jwt.sign(keys, id, {"orders"});
  const std::string rest = text.substr(text.find('.'));
  for (const char* algorithm : {"none", "HS256", "ES384"}) {
    const std::string header = to_base64url(to_bytes(json{{"alg", algorithm}}.dump()));
    EXPECT_FALSE(jwt.validate(keys, header + rest, "orders").ok()) << algorithm;
  }
}

TEST_F(JwtSvidTest, TheNextKeyIsTrustedBeforeItSigns) {
  JwtAuthority jwt = make();
  const std::string by_first = *jwt.sign({"home jwt"}, id, {"orders"});
  const std::string by_second = *jwt.sign({"home jwt 2"}, id, {"orders"});
  EXPECT_TRUE(jwt.validate({"home jwt", "home jwt 2"}, by_first, "orders").ok());
  EXPECT_TRUE(jwt.validate({"home jwt", "home jwt 2"}, by_second, "orders").ok());
  EXPECT_FALSE(jwt.validate({"home jwt 2"}, by_first, "orders").ok());
  EXPECT_EQ(json::parse(*jwt.key_set({"home jwt", "home jwt 2"}))["keys"].size(), 2U);
}

TEST_F(JwtSvidTest, AnotherTrustDomainIsRefused) {
  const std::string text = *make().sign(keys, id, {"orders"});
  EXPECT_FALSE(make("other.localhost").validate(keys, text, "orders").ok());
}

} // namespace
} // namespace allod::spiffe
