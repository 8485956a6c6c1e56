#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "agent/secret_text.h"
#include "base/hash.h"
#include "document/json_writer.h"

namespace allod::agent {
namespace {

const std::string kMarker = "\xEE\x80\x80secret:web.password\xEE\x80\x81";

Result<Secret> source(const std::string& id) {
  if (id == "web.password") return Secret("s3cretS3cret");
  return Error(ErrorCode::not_found, "there is no secret " + id);
}

TEST(SecretText, SecretsAreInTheFinishedTextOnly) {
  SecretText secrets;
  document::Value content = document::Value::map();
  content.set("url", "https://user:" + kMarker + "@host/");
  const std::string rendered = document::write_json(secrets.hide(content));
  EXPECT_EQ(rendered.find("s3cretS3cret"), std::string::npos);
  EXPECT_EQ(rendered.find("\xEE\x80\x80"), std::string::npos);
  const Result<Secret> text = secrets.reveal(rendered, source);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->reveal(), R"({"url":"https://user:s3cretS3cret@host/"})");
  EXPECT_EQ(secrets.describe(rendered), R"({"url":"https://user:(secret web.password)@host/"})");
}

TEST(SecretText, AnUnknownSecretIsNamed) {
  SecretText secrets;
  const std::string text = secrets.hide_text("\xEE\x80\x80secret:web.other\xEE\x80\x81");
  const Result<Secret> revealed = secrets.reveal(text, source);
  ASSERT_FALSE(revealed);
  EXPECT_NE(revealed.error().describe().find("web.other"), std::string::npos);
}

TEST(SecretText, ASecretThatWouldNeedEscapingIsRefused) {
  SecretText secrets;
  const std::string text = secrets.hide_text(kMarker);
  const Result<Secret> revealed =
      secrets.reveal(text, [](const std::string&) { return Result<Secret>(Secret("a\"b")); });
  EXPECT_FALSE(revealed);
}

TEST(SecretText, AnOpenMarkerIsPlainText) {
  SecretText secrets;
  const std::string broken = "a \xEE\x80\x80secret:web.password";
  EXPECT_EQ(secrets.hide_text(broken), broken);
}

TEST(SecretText, WhateverStandsAroundMarkersStays) {
  const bool held = rc::check([](const std::vector<std::string>& pieces) {
    SecretText secrets;
    std::string marked;
    std::string expected;
    for (const std::string& piece : pieces) {
      if (piece.find('\xEE') != std::string::npos) continue;
      marked += piece + kMarker;
      expected += piece + "s3cretS3cret";
    }
    const Result<Secret> text = secrets.reveal(secrets.hide_text(marked), source);
    RC_ASSERT(text.ok());
    RC_ASSERT(text->reveal() == expected);
  });
  EXPECT_TRUE(held);
}

TEST(Redactor, TakesEveryOccurrenceOut) {
  Redactor redact;
  redact.add("web.password", Secret("s3cretS3cret"));
  EXPECT_EQ(redact("a s3cretS3cret b s3cretS3cret"),
            "a (secret web.password) b (secret web.password)");
  EXPECT_EQ(redact("nothing"), "nothing");
}

} // namespace
} // namespace allod::agent
