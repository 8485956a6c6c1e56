#include "authority_fixture.h"
#include "document/yaml_reader.h"
#include "trust/ceremony.h"

namespace allod::trust {
namespace {

class CeremonyTest : public TokenTest {
 protected:
  void SetUp() override {
    TokenTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (!command({"sh", "-c", "command -v ssh-keygen"}).ok()) GTEST_SKIP() << "no ssh-keygen";
    plan.stack = "home";
    plan.trust_domain = "home.localhost";
    plan.quorum = 2;
    for (const char* name : {"Ada L.", "Grace", "Mary"})
      plan.participants.push_back({name, key_of(name), true});
    Result<RootSet> roots = RootSet::open(*token, {.stack = "home",
                                                   .domain = *TrustDomain::parse("home.localhost"),
                                                   .folder = folder / "record",
                                                   .clock = now,
                                                   .lifetime = std::chrono::hours(24),
                                                   .renew_before = std::chrono::hours(0)});
    ASSERT_TRUE(roots) << roots.error().describe();
    root.emplace(std::move(*roots).take_signing());
    Result<std::string> written = write_transcript(
        folder / "record",
        ceremony_transcript(plan, {"/usr/bin/allod", "1", "00"}, *token, *root, {{now(), "begun"}}),
        *token, *root);
    ASSERT_TRUE(written) << written.error().describe();
    transcript = *written;
  }

  std::string key_of(const std::string& name) {
    const std::string file = folder / ("key " + name);
    EXPECT_TRUE(command({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file}).ok());
    std::string line = read_file(file + ".pub").value_or(std::string());
    line.pop_back();
    return line;
  }
  void sign(const std::string& name, const std::string& as) {
    const Finished signature = command(
        {"ssh-keygen", "-Y", "sign", "-n", kCeremonyNamespace, "-f", folder / ("key " + name)},
        *read_file(transcript));
    ASSERT_TRUE(signature.ok()) << signature.errors;
    ASSERT_TRUE(write_file(signature_of(transcript, as), signature.output));
  }
  std::string faults() {
    const Result<std::vector<CeremonyFinding>> findings = verify_ceremony(transcript);
    if (!findings) return findings.error().describe();
    std::string text;
    for (const CeremonyFinding& finding : *findings) {
      if (!finding.good) text += finding.what + ";";
    }
    return text;
  }

  CeremonyPlan plan;
  std::optional<Root> root;
  std::string transcript;
};

TEST_F(CeremonyTest, AQuorumOfSignaturesMakesItGood) {
  EXPECT_EQ(faults(), "the signature of Ada L.;the signature of Grace;the signature of Mary;"
                      "the quorum;");
  sign("Ada L.", "Ada L.");
  sign("Grace", "Grace");
  EXPECT_EQ(faults(), "the signature of Mary;");
  sign("Grace", "Mary"); // one person is not two
  EXPECT_EQ(faults(), "the signature of Mary;");
}

TEST_F(CeremonyTest, WhateverIsAlteredIsFound) {
  for (const char* name : {"Ada L.", "Grace", "Mary"})
    sign(name, name);
  EXPECT_EQ(faults(), "");
  const std::string good = *read_file(transcript);
  std::string other = good;
  other.replace(other.find("begun"), 5, "ended");
  ASSERT_TRUE(write_file(transcript, other));
  EXPECT_TRUE(has(faults(), "the root's signature;transcript.txt;")) << faults();
  EXPECT_TRUE(has(faults(), "the quorum;"));
  ASSERT_TRUE(write_file(transcript, good));
  ASSERT_TRUE(write_file(folder / "record/transcript.txt", "something else"));
  EXPECT_EQ(faults(), "transcript.txt;");
}

TEST_F(CeremonyTest, OpensslVerifiesTheRootsSignatureToo) {
  const std::string key = folder / "root.pub";
  ASSERT_TRUE(write_file(
      key,
      command({"openssl", "x509", "-in", folder / "record/root.pem", "-pubkey", "-noout"}).output));
  const Finished checked = command({"openssl", "dgst", "-sha256", "-verify", key, "-signature",
                                    root_signature_of(transcript), transcript});
  EXPECT_TRUE(checked.ok()) << checked.output << checked.errors;
}

TEST_F(CeremonyTest, TheRecordHoldsNoPin) {
  const std::string pin = *read_file(folder / "token/pin");
  EXPECT_FALSE(has(*read_file(transcript), pin.substr(0, pin.find('\n'))));
}

TEST(CeremonyPlan, FaultsAreNamedWithTheirPlace) {
  const auto plan = [](const std::string& rest) {
    const std::string text = "kind: Ceremony\nmetadata: {name: home}\ntrustDomain: home.localhost\n"
                             "token: {softhsmFolder: /tmp/x}\n" +
                             rest;
    return ceremony_plan(*document::read_yaml_document("plan.yaml", text));
  };
  const std::string one = "participants:\n- {name: Ada, publicKey: ssh-ed25519 AAAA}\n";
  EXPECT_TRUE(plan("quorum: 1\n" + one));
  EXPECT_FALSE(plan("quorum: 2\n" + one));
  EXPECT_FALSE(plan("quorum: 0\n" + one));
  EXPECT_FALSE(plan("quorum: 1\n"));
  const Result<CeremonyPlan> twice =
      plan("quorum: 1\n" + one + "- {name: Bob, publicKey: ssh-ed25519 AAAA other comment}\n");
  ASSERT_FALSE(twice);
  ASSERT_TRUE(twice.error().place());
  EXPECT_EQ(twice.error().place()->line, 8U);
  EXPECT_FALSE(plan("quorum: 1\nparticipants:\n- {name: ../x, publicKey: ssh-ed25519 AAAA}\n"));
}

} // namespace
} // namespace allod::trust
