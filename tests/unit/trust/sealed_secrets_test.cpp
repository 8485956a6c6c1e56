#include <regex>

#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "fixture.h"
#include "trust/sealed_secrets.h"

namespace allod::trust {
namespace {

class SealedSecretsTest : public TokenTest {
 protected:
  void SetUp() override {
    TokenTest::SetUp();
    if (IsSkipped()) return;
    Result<SealedSecrets> opened = SealedSecrets::open(*token, "home");
    ASSERT_TRUE(opened.ok()) << opened.error().describe();
    secrets.emplace(std::move(*opened));
  }
  std::optional<SealedSecrets> secrets;
};

TEST_F(SealedSecretsTest, ComesBack) {
  const Secret password("correct horse battery staple");
  const std::string envelope = *secrets->seal("keycloak/admin", password);
  EXPECT_EQ(envelope.find("horse"), std::string::npos);
  EXPECT_EQ(secrets->unseal("keycloak/admin", envelope)->reveal(), password.reveal());
  const nlohmann::json json = nlohmann::json::parse(envelope);
  EXPECT_EQ(json["v"], 1);
  EXPECT_EQ(json["key"], "home sealing");
  EXPECT_EQ(json.size(), 4U);
}

TEST_F(SealedSecretsTest, WrapsVolumeKeys) {
  const Secret key{std::string(as_text(random_bytes(64)))};
  const std::string envelope = *secrets->seal("volume/postgresql/data", key);
  EXPECT_EQ(secrets->unseal("volume/postgresql/data", envelope)->reveal(), key.reveal());
}

TEST_F(SealedSecretsTest, IsBoundToNameAndStack) {
  const std::string envelope = *secrets->seal("a", Secret("x"));
  EXPECT_EQ(secrets->unseal("b", envelope).error().code(), ErrorCode::integrity);
  SealedSecrets other = *SealedSecrets::open(*token, "office");
  EXPECT_EQ(other.unseal("a", envelope).error().code(), ErrorCode::integrity);
  // The same with the label changed to the other stack's.
  const std::string moved = std::regex_replace(envelope, std::regex("home"), "office");
  EXPECT_EQ(other.unseal("a", moved).error().code(), ErrorCode::integrity);
}

TEST_F(SealedSecretsTest, FindsEveryAlteredByte) {
  const std::string envelope = *secrets->seal("a", Secret("some secret"));
  for (const char* member : {"nonce", "ciphertext"}) {
    nlohmann::json json = nlohmann::json::parse(envelope);
    Bytes bytes = *from_base64(json[member].get<std::string>());
    for (std::uint8_t& byte : bytes) {
      byte ^= 0x80;
      json[member] = to_base64(bytes);
      EXPECT_EQ(secrets->unseal("a", json.dump()).error().code(), ErrorCode::integrity) << member;
      byte ^= 0x80;
    }
  }
}

TEST_F(SealedSecretsTest, RefusesWhatIsNoEnvelope) {
  for (const char* text :
       {"", "{}", "[]", "null", "{\"v\":1}", "{\"v\":\"1\",\"key\":\"home sealing\"}",
        R"({"v":1,"key":"home sealing","nonce":"AAAA","ciphertext":""})",
        R"({"v":1,"key":"home sealing","nonce":"AAAAAAAAAAAAAAAA","ciphertext":"*"})"}) {
    EXPECT_EQ(secrets->unseal("a", text).error().code(), ErrorCode::invalid_input) << text;
  }
  EXPECT_EQ(secrets->unseal("a", R"({"v":2})").error().code(), ErrorCode::unsupported);
}

} // namespace
} // namespace allod::trust
