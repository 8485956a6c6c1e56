#include <gtest/gtest.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/process.h"
#include "fixture.h"
#include "trust/dsse.h"
#include "trust/openssl_handles.h"

namespace allod::trust {
namespace {

SigningKey new_key() {
  const auto key = generate_p256();
  return *signing_key_from_pem(*private_key_to_pem(key->get()));
}

TEST(Dsse, EncodesAsTheSpecificationSays) {
  // The example of the DSSE protocol.
  EXPECT_EQ(pre_authentication_encoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(Dsse, OpensWhatItSealed) {
  const SigningKey key = new_key();
  const auto sealed = seal_envelope("type", "payload", key);
  ASSERT_TRUE(sealed.ok());
  const auto opened = open_envelope(*sealed, "type", {new_key().verifying, key.verifying});
  ASSERT_TRUE(opened.ok()) << opened.error().describe();
  EXPECT_EQ(opened->payload, "payload");
  EXPECT_EQ(opened->key_id, key.verifying.key_id);
  EXPECT_FALSE(open_envelope(*sealed, "other", {key.verifying}).ok());
}

TEST(Dsse, RefusesEveryAlteredBit) {
  const SigningKey key = new_key();
  const std::string sealed = *seal_envelope("type", "a payload of some length", key);
  for (std::size_t at = 0; at < sealed.size() * 8; ++at) {
    std::string altered = sealed;
    altered[at / 8] = static_cast<char>(altered[at / 8] ^ (1 << (at % 8)));
    EXPECT_FALSE(open_envelope(altered, "type", {key.verifying}).ok()) << "bit " << at;
  }
  EXPECT_FALSE(open_envelope(sealed + "\n", "type", {key.verifying}).ok());
}

TEST(Dsse, OpensslVerifiesTheSignature) {
  if (find_program("openssl").empty()) GTEST_SKIP() << "there is no openssl";
  const SigningKey key = new_key();
  const std::string folder = "/var/tmp/allod-dsse-" + to_hex(random_bytes(6));
  ASSERT_TRUE(make_directories(folder).ok());
  const std::string message = pre_authentication_encoding("type", "payload");
  ASSERT_TRUE(write_file(folder + "/message", message).ok());
  ASSERT_TRUE(write_file(folder + "/key", *to_pem(key.verifying)).ok());
  ASSERT_TRUE(write_file(folder + "/signature", as_text(*key.sign(message))).ok());
  Command command;
  command.arguments = {"openssl",
                       "dgst",
                       "-sha256",
                       "-verify",
                       folder + "/key",
                       "-signature",
                       folder + "/signature",
                       folder + "/message"};
  const auto verified = run_checked(command);
  EXPECT_TRUE(verified.ok()) << verified.error().describe();
  EXPECT_TRUE(remove_tree(folder).ok());
}

TEST(Dsse, TakesOnlyKeysOnP256) {
  const OpensslHandle<EVP_PKEY, EVP_PKEY_free> other(EVP_EC_gen("P-384"));
  const auto refused = signing_key_from_pem(*private_key_to_pem(other.get()));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_input);
  EXPECT_FALSE(read_verifying_key("no key").ok());
}

} // namespace
} // namespace allod::trust
