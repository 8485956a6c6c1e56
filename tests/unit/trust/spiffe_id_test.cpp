#include <gtest/gtest.h>

#include "trust/spiffe_id.h"

namespace allod::trust {
namespace {

TEST(SpiffeId, ParsesDomainAndPath) {
  const Result<SpiffeId> id = SpiffeId::parse("spiffe://home.localhost/home/keycloak");
  ASSERT_TRUE(id.ok()) << id.error().describe();
  EXPECT_EQ(id->domain().name(), "home.localhost");
  EXPECT_EQ(id->path(), "/home/keycloak");
  EXPECT_EQ(id->uri(), "spiffe://home.localhost/home/keycloak");
}

TEST(SpiffeId, ParsesTheDomainItself) {
  const Result<SpiffeId> id = SpiffeId::parse("spiffe://home.localhost");
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->path(), "");
}

// The rules of the SPIFFE-ID specification, sections 2.1 to 2.3, one by one.
TEST(SpiffeId, RefusesWhatTheSpecificationForbids) {
  for (const char* bad : {"",
                          "spiffe:",
                          "spiffe://",
                          "spiffe:///path",
                          "https://home/x",
                          "SPIFFE://home/x",
                          "spiffe://Home/x",
                          "spiffe://home:8443/x",
                          "spiffe://user@home/x",
                          "spiffe://home/",
                          "spiffe://home/x/",
                          "spiffe://home//x",
                          "spiffe://home/./x",
                          "spiffe://home/..",
                          "spiffe://home/a%20b",
                          "spiffe://home/x?q=1",
                          "spiffe://home/x#f",
                          "spiffe://home/\xc3\xa9",
                          "spiffe://[::1]/x",
                          "spiffe://home?x",
                          "spiffe://home/a b"}) {
    EXPECT_FALSE(SpiffeId::parse(bad).ok()) << bad;
  }
}

TEST(SpiffeId, BoundsItsLength) {
  const std::string longest = "spiffe://d/" + std::string(2048 - 11, 'a');
  EXPECT_TRUE(SpiffeId::parse(longest).ok());
  EXPECT_FALSE(SpiffeId::parse(longest + "a").ok());
  EXPECT_TRUE(TrustDomain::parse(std::string(255, 'a')).ok());
  EXPECT_FALSE(TrustDomain::parse(std::string(256, 'a')).ok());
}

TEST(SpiffeId, IsMadeOfDomainAndPath) {
  const TrustDomain domain = *TrustDomain::parse("home.localhost");
  EXPECT_EQ(SpiffeId::make(domain, "/home/x")->uri(), "spiffe://home.localhost/home/x");
  EXPECT_FALSE(SpiffeId::make(domain, "home/x").ok());
  EXPECT_FALSE(SpiffeId::make(domain, "/home/../x").ok());
  EXPECT_LT(*SpiffeId::make(domain, "/a"), *SpiffeId::make(domain, "/b"));
}

} // namespace
} // namespace allod::trust
