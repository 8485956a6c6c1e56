#include <atomic>
#include <thread>

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "fixture.h"
#include "trust/pkcs11_token.h"

namespace allod::trust {
namespace {

/// The module's own functions, to do to a token what its owner would do behind our back.
CK_FUNCTION_LIST& raw_module(const TokenSettings& settings) {
  void* library = ::dlopen(settings.module.c_str(), RTLD_NOW);
  auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* calls = nullptr;
  get(&calls);
  return *calls;
}

std::vector<CK_SLOT_ID> slots(CK_FUNCTION_LIST& calls) {
  std::vector<CK_SLOT_ID> ids(16);
  CK_ULONG count = ids.size();
  EXPECT_EQ(calls.C_GetSlotList(CK_TRUE, ids.data(), &count), CKR_OK);
  ids.resize(count);
  return ids;
}

std::string pin_of(const TokenSettings& settings) {
  return *read_file(settings.pin_source);
}

TEST_F(TokenTest, SaysThatItIsSoftware) {
  EXPECT_TRUE(token->is_software());
  EXPECT_EQ(token->description().token_label, "home");
  EXPECT_NE(token->description().manufacturer.find("SoftHSM"), std::string::npos);
  EXPECT_NE(token->description().line().find("trying out only"), std::string::npos);
}

TEST_F(TokenTest, KeepsFolderAndPinToItself) {
  struct stat info {};
  ASSERT_EQ(::stat((folder / "token").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  ASSERT_EQ(::stat(settings.pin_source.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(pin_of(settings).size(), 32U);
}

TEST_F(TokenTest, InitialisingAgainKeepsTheToken) {
  ASSERT_TRUE(token->generate_aes_key("k").ok());
  ASSERT_TRUE(initialise_softhsm(folder / "token", "home").ok());
  EXPECT_TRUE(*token->has_key("k"));
}

TEST_F(TokenTest, BeginsAnewWhenThePinWasNeverRecorded) {
  token.reset();
  ASSERT_TRUE(remove_tree(settings.pin_source).ok());
  ASSERT_TRUE(initialise_softhsm(folder / "token", "home").ok());
  EXPECT_TRUE(Token::open(settings).ok());
}

TEST_F(TokenTest, PrivateKeysCannotBeTakenOut) {
  ASSERT_TRUE(token->generate_ec_key("signer").ok());
  ASSERT_TRUE(token->generate_aes_key("sealer").ok());
  const std::vector<KeyInfo> keys = *token->list_keys();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].label, "sealer");
  EXPECT_EQ(keys[0].kind, KeyKind::aes_256);
  EXPECT_EQ(keys[1].kind, KeyKind::ec_p256);
  for (const KeyInfo& key : keys) {
    EXPECT_TRUE(key.sensitive) << key.label;
    EXPECT_FALSE(key.extractable) << key.label;
  }
  // Not only by what the token says: reading the values is refused.
  CK_FUNCTION_LIST& calls = raw_module(settings);
  CK_SESSION_HANDLE session = 0;
  ASSERT_EQ(calls.C_OpenSession(slots(calls).at(0), CKF_SERIAL_SESSION, nullptr, nullptr, &session),
            CKR_OK);
  for (const CK_OBJECT_CLASS kind : {CKO_PRIVATE_KEY, CKO_SECRET_KEY}) {
    CK_OBJECT_CLASS wanted = kind;
    CK_ATTRIBUTE match{CKA_CLASS, &wanted, sizeof wanted};
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG count = 0;
    ASSERT_EQ(calls.C_FindObjectsInit(session, &match, 1), CKR_OK);
    ASSERT_EQ(calls.C_FindObjects(session, &key, 1, &count), CKR_OK);
    ASSERT_EQ(count, 1U);
    calls.C_FindObjectsFinal(session);
    unsigned char value[128];
    CK_ATTRIBUTE attribute{CKA_VALUE, value, sizeof value};
    EXPECT_EQ(calls.C_GetAttributeValue(session, key, &attribute, 1), CKR_ATTRIBUTE_SENSITIVE);
  }
  calls.C_CloseSession(session);
}

TEST_F(TokenTest, KeysOutliveTheProcessUse) {
  ASSERT_TRUE(token->generate_ec_key("root").ok());
  const Bytes before = *token->public_key("root");
  token.reset();
  Token again = *Token::open(settings);
  EXPECT_EQ(*again.public_key("root"), before);
}

TEST_F(TokenTest, SignaturesVerifyWithOpenssl) {
  ASSERT_TRUE(token->generate_ec_key("root").ok());
  const std::string message = "what is signed";
  const Result<Bytes> signature = token->sign("root", sha256(message));
  ASSERT_TRUE(signature.ok()) << signature.error().describe();
  ASSERT_TRUE(write_file(folder / "key.der", as_text(*token->public_key("root"))).ok());
  ASSERT_TRUE(write_file(folder / "signature", as_text(*signature)).ok());
  ASSERT_TRUE(write_file(folder / "message", message).ok());
  const auto verify = [&] {
    return command({"openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", folder / "key.der",
                    "-signature", folder / "signature", folder / "message"});
  };
  EXPECT_EQ(verify().exit_code, 0) << verify().errors;
  ASSERT_TRUE(write_file(folder / "message", message + ".").ok());
  EXPECT_NE(verify().exit_code, 0);
}

TEST_F(TokenTest, EncryptsForAssociatedDataOnly) {
  ASSERT_TRUE(token->generate_aes_key("k").ok());
  for (const std::string& plaintext : {std::string(), std::string("x"), std::string(5000, 'y')}) {
    Bytes sealed = *token->encrypt("k", plaintext, "who");
    EXPECT_EQ(sealed.size(), plaintext.size() + 28);
    EXPECT_EQ(token->decrypt("k", sealed, "who")->reveal(), plaintext);
    EXPECT_EQ(token->decrypt("k", sealed, "other").error().code(), ErrorCode::integrity);
    EXPECT_EQ(token->decrypt("k", sealed, "").error().code(), ErrorCode::integrity);
    for (const std::size_t at : {std::size_t{0}, std::size_t{12}, sealed.size() - 1}) {
      sealed[at] ^= 1;
      EXPECT_EQ(token->decrypt("k", sealed, "who").error().code(), ErrorCode::integrity) << at;
      sealed[at] ^= 1;
    }
  }
  EXPECT_NE(*token->encrypt("k", "same", "who"), *token->encrypt("k", "same", "who"));
  EXPECT_EQ(token->decrypt("k", Bytes(27), "").error().code(), ErrorCode::integrity);
}

// A second implementation of AES-GCM agrees on the layout nonce || ciphertext || tag: the plain key
// is known here because the test put it into the token itself.
TEST_F(TokenTest, GcmAgreesWithItsTestVector) {
  CK_FUNCTION_LIST& calls = raw_module(settings);
  CK_SESSION_HANDLE session = 0;
  ASSERT_EQ(calls.C_OpenSession(slots(calls).at(0), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                nullptr, &session),
            CKR_OK);
  CK_OBJECT_CLASS kind = CKO_SECRET_KEY;
  CK_KEY_TYPE type = CKK_AES;
  CK_BBOOL yes = CK_TRUE;
  char label[] = "vector";
  Bytes key(32, 0);
  CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &kind, sizeof kind},
                               {CKA_KEY_TYPE, &type, sizeof type},
                               {CKA_TOKEN, &yes, 1},
                               {CKA_PRIVATE, &yes, 1},
                               {CKA_DECRYPT, &yes, 1},
                               {CKA_LABEL, label, 6},
                               {CKA_VALUE, key.data(), key.size()}};
  CK_OBJECT_HANDLE handle = 0;
  ASSERT_EQ(calls.C_CreateObject(session, attributes, 7, &handle), CKR_OK);
  // The GCM specification (McGrew, Viega), test case 14.
  const Bytes sealed = *from_hex("000000000000000000000000"
                                 "cea7403d4d606b6e074ec5d3baf39d18"
                                 "d0d1c8a799996bf0265b98b5d48ab919");
  const Result<Secret> opened = token->decrypt("vector", sealed, "");
  ASSERT_TRUE(opened.ok()) << opened.error().describe();
  EXPECT_EQ(opened->reveal(), std::string(16, '\0'));
  calls.C_CloseSession(session);
}

TEST_F(TokenTest, MissingAndDoubleKeysAreErrors) {
  ASSERT_TRUE(token->generate_ec_key("a").ok());
  EXPECT_EQ(token->generate_ec_key("a").error().code(), ErrorCode::already_exists);
  EXPECT_EQ(token->generate_aes_key("a").error().code(), ErrorCode::already_exists);
  EXPECT_TRUE(token->ensure_ec_key("a").ok());
  EXPECT_EQ(token->sign("b", Bytes(32)).error().code(), ErrorCode::not_found);
  EXPECT_EQ(token->sign("a", Bytes(20)).error().code(), ErrorCode::invalid_input);
  EXPECT_EQ(token->encrypt("a", "", "").error().code(), ErrorCode::not_found);
  EXPECT_TRUE(token->delete_key("a").ok());
  EXPECT_FALSE(*token->has_key("a"));
  EXPECT_EQ(token->public_key("a").error().code(), ErrorCode::not_found);
  EXPECT_EQ(token->delete_key("a").error().code(), ErrorCode::not_found);
}

TEST_F(TokenTest, LogsInAgainAfterALostSession) {
  ASSERT_TRUE(token->generate_ec_key("a").ok());
  CK_FUNCTION_LIST& calls = raw_module(settings);
  ASSERT_EQ(calls.C_CloseAllSessions(slots(calls).at(0)), CKR_OK);
  EXPECT_TRUE(token->sign("a", Bytes(32)).ok());
}

TEST_F(TokenTest, WorksAgainAfterSomebodyFinalisedTheModule) {
  ASSERT_TRUE(token->generate_ec_key("a").ok());
  ASSERT_EQ(raw_module(settings).C_Finalize(nullptr), CKR_OK);
  const Result<Bytes> signature = token->sign("a", Bytes(32));
  EXPECT_TRUE(signature.ok()) << signature.error().describe();
}

TEST_F(TokenTest, ServesSeveralThreads) {
  ASSERT_TRUE(token->generate_ec_key("a").ok());
  ASSERT_TRUE(token->generate_aes_key("k").ok());
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string text = "thread " + std::to_string(i);
      for (int round = 0; round < 25; ++round) {
        const Result<Bytes> sealed = token->encrypt("k", text, "t");
        if (!sealed || token->decrypt("k", *sealed, "t")->reveal() != text) ++failures;
        if (!token->sign("a", Bytes(32)).ok()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(failures, 0);
}

TEST_F(TokenTest, NamesTheLabelsThatAreThere) {
  settings.label = "hme";
  const Result<Token> opened = Token::open(settings);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::not_found);
  EXPECT_NE(opened.error().hint().find("did you mean \"home\""), std::string::npos)
      << opened.error().describe();
}

TEST_F(TokenTest, RefusesAWrongPinAndSaysNothingOfIt) {
  token.reset();
  ASSERT_TRUE(write_file(folder / "wrong", "not the pin\n").ok());
  settings.pin_source = "file:" + folder / "wrong";
  const Result<Token> opened = Token::open(settings);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::permission);
  EXPECT_NE(opened.error().message().find("CKR_PIN_INCORRECT"), std::string::npos);
  EXPECT_EQ(opened.error().describe().find("not the pin"), std::string::npos);
}

TEST_F(TokenTest, RefusesAPinFileThatOthersCanRead) {
  token.reset();
  ASSERT_EQ(::chmod(settings.pin_source.c_str(), 0644), 0);
  const Result<Token> opened = Token::open(settings);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::permission);
}

TEST_F(TokenTest, OneSoftHsmFolderAtATime) {
  const Result<TokenSettings> second = initialise_softhsm(folder / "second", "other");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::conflict) << second.error().describe();
  token.reset();
  const Result<TokenSettings> after = initialise_softhsm(folder / "second", "other");
  ASSERT_TRUE(after.ok()) << after.error().describe();
  EXPECT_TRUE(Token::open(*after).ok());
}

TEST_F(TokenTest, TheEnvironmentIsNotTouchedOnceThreadsRun) {
  token.reset();
  std::atomic<bool> end = false;
  std::thread other([&] { end.wait(false); });
  EXPECT_EQ(use_softhsm_folder(folder / "elsewhere").error().code(), ErrorCode::conflict);
  EXPECT_TRUE(use_softhsm_folder(folder / "token").ok()); // as it is already
  end = true;
  end.notify_all();
  other.join();
}

TEST_F(TokenTest, Pkcs11ToolSeesTheSame) {
  if (find_program("pkcs11-tool").empty()) GTEST_SKIP() << "pkcs11-tool is not installed";
  ASSERT_TRUE(token->generate_ec_key("home root").ok());
  const Finished shown =
      command({"pkcs11-tool", "--module", settings.module, "--token-label", "home", "--login",
               "--pin", "env:TOKEN_PIN", "--list-objects", "--type", "privkey"},
              "",
              {{"SOFTHSM2_CONF", settings.softhsm_folder + "/softhsm2.conf"},
               {"TOKEN_PIN", pin_of(settings)}});
  ASSERT_EQ(shown.exit_code, 0) << shown.errors;
  EXPECT_NE(shown.output.find("home root"), std::string::npos) << shown.output;
  EXPECT_NE(shown.output.find("sensitive, always sensitive, never extractable"), std::string::npos)
      << shown.output;
}

TEST(Module, MissingOrNoModule) {
  TokenSettings settings{"/nonexistent/module.so", "x", "/x", ""};
  const Result<Token> missing = Token::open(settings);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::not_found);
  EXPECT_FALSE(missing.error().hint().empty());
  settings.module = "/etc/passwd";
  EXPECT_EQ(Token::open(settings).error().code(), ErrorCode::unsupported);
}

} // namespace
} // namespace allod::trust
