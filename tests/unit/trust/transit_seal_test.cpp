#include <nlohmann/json.hpp>

#include "fixture.h"
#include "trust/transit_seal.h"

namespace allod::trust {
namespace {

const SpiffeId kBao = *SpiffeId::parse("spiffe://home.localhost/home/openbao");
const SpiffeId kOther = *SpiffeId::parse("spiffe://home.localhost/home/keycloak");

class TransitSealTest : public TokenTest {
 protected:
  void SetUp() override {
    TokenTest::SetUp();
    if (IsSkipped()) return;
    Result<TransitSeal> opened =
        TransitSeal::open(*token,
                          {{"openbao", {"home/openbao seal", {kBao}}},
                           {"second", {"home/second seal", {kBao, kOther}}}},
                          [this](const TransitUse& use) { uses.push_back(use); });
    ASSERT_TRUE(opened.ok()) << opened.error().describe();
    seal.emplace(std::move(*opened));
  }

  nlohmann::json call(const std::string& path, const std::string& body, int expected = 200,
                      const SpiffeId& peer = kBao, const std::string& method = "PUT") {
    const HttpAnswer answer = seal->handle({method, path, body, peer});
    EXPECT_EQ(answer.status, expected) << answer.body.reveal();
    return nlohmann::json::parse(answer.body.reveal());
  }

  std::string encrypt(const std::string& key, const std::string& plaintext) {
    return call("/v1/transit/encrypt/" + key,
                R"({"plaintext":")" + plaintext + "\"}")["data"]["ciphertext"];
  }

  std::vector<TransitUse> uses;
  std::optional<TransitSeal> seal;
};

TEST_F(TransitSealTest, EncryptsAndDecrypts) {
  const std::string ciphertext = encrypt("openbao", "YQ==");
  EXPECT_EQ(ciphertext.substr(0, 9), "vault:v1:");
  const nlohmann::json answer = call("/v1/transit/decrypt/openbao",
                                     R"({"ciphertext":")" + ciphertext + "\"}", 200, kBao, "POST");
  EXPECT_EQ(answer["data"]["plaintext"], "YQ==");
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_EQ(uses[1].operation, "decrypt");
  EXPECT_EQ(uses[1].key, "openbao");
  EXPECT_EQ(uses[1].caller, kBao);
  EXPECT_TRUE(uses[1].allowed);
  EXPECT_EQ(uses[1].status, 200);
}

TEST_F(TransitSealTest, BindsAssociatedData) {
  const std::string ciphertext =
      call("/v1/transit/encrypt/openbao",
           R"({"plaintext":"YQ==","associated_data":"Yg=="})")["data"]["ciphertext"];
  const auto decrypt = [&](const std::string& more, int status) {
    return call("/v1/transit/decrypt/openbao",
                R"({"ciphertext":")" + ciphertext + "\"" + more + "}", status);
  };
  EXPECT_EQ(decrypt(R"(,"associated_data":"Yg==")", 200)["data"]["plaintext"], "YQ==");
  decrypt("", 400);
  decrypt(R"(,"associated_data":"")", 400);
  decrypt(R"(,"associated_data":"Yw==")", 400);
  decrypt(R"(,"associated_data":"*")", 400);
}

TEST_F(TransitSealTest, PolicySaysWhoMayUseAKey) {
  const nlohmann::json refused =
      call("/v1/transit/encrypt/openbao", R"({"plaintext":"YQ=="})", 403, kOther);
  EXPECT_EQ(refused, nlohmann::json::parse(R"({"errors":["permission denied"]})"));
  EXPECT_EQ(call("/v1/transit/encrypt/unknown", "{}", 403), refused); // the names cannot be probed
  call("/v1/transit/encrypt/second", R"({"plaintext":"YQ=="})", 200, kOther);
  ASSERT_EQ(uses.size(), 3U);
  EXPECT_FALSE(uses[0].allowed);
  EXPECT_EQ(uses[0].status, 403);
  EXPECT_FALSE(uses[1].allowed);
  EXPECT_TRUE(uses[2].allowed);
}

TEST_F(TransitSealTest, KeysAreApart) {
  const std::string ciphertext = encrypt("second", "YQ==");
  call("/v1/transit/decrypt/openbao", R"({"ciphertext":")" + ciphertext + "\"}", 400);
}

TEST_F(TransitSealTest, FindsAlteredCiphertexts) {
  const std::string ciphertext = encrypt("openbao", "c2VjcmV0");
  Bytes bytes = *from_base64(ciphertext.substr(9));
  for (std::uint8_t& byte : bytes) {
    byte ^= 1;
    call("/v1/transit/decrypt/openbao", R"({"ciphertext":"vault:v1:)" + to_base64(bytes) + "\"}",
         400);
    byte ^= 1;
  }
  EXPECT_FALSE(uses.back().failure.empty());
}

TEST_F(TransitSealTest, AnswersInVaultsShape) {
  for (const char* body : {"", "[]", "{", "{}", R"({"plaintext":1})", R"({"plaintext":"a"})"}) {
    EXPECT_TRUE(call("/v1/transit/encrypt/openbao", body, 400)["errors"].is_array()) << body;
  }
  for (const char* body : {"{}", R"({"ciphertext":"vault:v2:AAAA"})", R"({"ciphertext":"YQ=="})",
                           R"({"ciphertext":"vault:v1:*"})", R"({"ciphertext":"vault:v1:"})"}) {
    EXPECT_TRUE(call("/v1/transit/decrypt/openbao", body, 400)["errors"].is_array()) << body;
  }
  for (const char* path :
       {"/", "/v1/transit/encrypt", "/v1/transit/encrypt/", "/v1/transit/keys/openbao",
        "/v1/transit/encrypt/openbao/x", "/v1/sys/health"}) {
    call(path, "{}", 404);
  }
  call("/v1/transit/encrypt/openbao", "", 405, kBao, "GET");
}

} // namespace
} // namespace allod::trust
