// Replacing the root: at every moment, whoever has what belongs to the step before or to this one
// is trusted by whoever has either.
#include "authority_fixture.h"
#include "trust/openssl_handles.h"

namespace allod::trust {
namespace {

class RootRotationTest : public AuthorityTest {
 protected:
  /// Whether openssl finds a way from a chain to one of the roots.
  bool verifies(const Svid& svid, const std::string& roots) {
    const std::string root = put("roots.pem", roots);
    const std::string issuing = put("issuing.pem", svid.issuing_pem);
    const std::string leaf = put("leaf.pem", svid.leaf_pem);
    return command({"openssl", "verify", "-CAfile", root, "-untrusted", issuing, leaf}).ok();
  }
  /// Whether a server that trusts these issuing certificates alone takes a client.
  bool accepts(const std::string& clients, const Svid& svid) {
    const std::string anchors = put("clients.pem", clients);
    const std::string leaf = put("leaf.pem", svid.leaf_pem);
    return command({"openssl", "verify", "-partial_chain", "-CAfile", anchors, leaf}).ok();
  }
};

TEST_F(RootRotationTest, EveryStepTrustsTheOneBeforeAndTheOneAfter) {
  const std::string old_bundle = authority->root_bundle();
  const std::string old_clients = *authority->bundle_of({"app"});
  const Svid before = issue("app");
  EXPECT_EQ(authority->root_phase(), RootPhase::settled);

  ASSERT_TRUE(authority->prepare_root());
  EXPECT_EQ(authority->root_phase(), RootPhase::spreading);
  const std::string both = authority->root_bundle();
  EXPECT_EQ(authority->roots().size(), 2U);
  const Svid meanwhile = issue("app");
  EXPECT_TRUE(verifies(meanwhile, old_bundle)) << "nobody has to know the next root yet";

  const Status switched = authority->switch_root();
  ASSERT_TRUE(switched) << switched.error().describe();
  EXPECT_EQ(authority->root_phase(), RootPhase::succeeding);
  const Svid after = issue("app");
  EXPECT_TRUE(verifies(before, both));
  EXPECT_TRUE(verifies(after, both));
  EXPECT_FALSE(verifies(after, old_bundle));
  EXPECT_TRUE(accepts(old_clients, after)) << "servers that read their clients at the start alone";
  EXPECT_TRUE(accepts(*authority->bundle_of({"app"}), before));

  const Status retired = authority->retire_root();
  ASSERT_TRUE(retired) << retired.error().describe();
  EXPECT_EQ(authority->root_phase(), RootPhase::settled);
  EXPECT_EQ(authority->roots().size(), 1U);
  EXPECT_EQ(authority->roots().front().label, "home root 2");
  EXPECT_TRUE(verifies(after, authority->root_bundle()));
  EXPECT_FALSE(verifies(before, authority->root_bundle()));
  EXPECT_FALSE(*token->has_key("home root"));
}

TEST_F(RootRotationTest, ARestartFindsItWhereItWas) {
  (void)issue("app");
  ASSERT_TRUE(authority->prepare_root());
  const std::string spreading = authority->root_bundle();
  open();
  EXPECT_EQ(authority->root_phase(), RootPhase::spreading);
  EXPECT_EQ(authority->root_bundle(), spreading);
  ASSERT_TRUE(authority->switch_root());
  const std::string succeeding = authority->root_bundle();
  open();
  EXPECT_EQ(authority->root_phase(), RootPhase::succeeding);
  EXPECT_EQ(authority->root_bundle(), succeeding);
  EXPECT_TRUE(verifies(issue("app"), succeeding));
  ASSERT_TRUE(authority->retire_root());
  open();
  EXPECT_EQ(authority->root_phase(), RootPhase::settled);
  EXPECT_TRUE(verifies(issue("app"), authority->root_bundle()));
}

TEST_F(RootRotationTest, AnInterruptedStepIsTakenUp) {
  ASSERT_TRUE(authority->prepare_root());
  // Switching was interrupted between its two files.
  const std::string root = *read_file(folder / "ca/root.pem");
  ASSERT_TRUE(write_file(folder / "ca/former.pem", root));
  open();
  EXPECT_EQ(authority->root_phase(), RootPhase::spreading);
  EXPECT_EQ(authority->roots().size(), 2U);
  ASSERT_TRUE(authority->switch_root());
  EXPECT_EQ(authority->root_phase(), RootPhase::succeeding);
}

TEST_F(RootRotationTest, StepsOutOfOrderAreRefused) {
  EXPECT_EQ(authority->switch_root().error().code(), ErrorCode::conflict);
  EXPECT_EQ(authority->retire_root().error().code(), ErrorCode::conflict);
  ASSERT_TRUE(authority->prepare_root());
  EXPECT_EQ(authority->prepare_root().error().code(), ErrorCode::conflict);
}

TEST_F(RootRotationTest, ItCanBeDoneAgain) {
  for (int round = 2; round < 5; ++round) {
    ASSERT_TRUE(authority->prepare_root());
    ASSERT_TRUE(authority->switch_root());
    ASSERT_TRUE(authority->retire_root());
    EXPECT_EQ(authority->roots().front().label, "home root " + std::to_string(round));
  }
  EXPECT_TRUE(verifies(issue("app"), authority->root_bundle()));
}

TEST_F(RootRotationTest, AForeignCertificateIsFoundInEveryPlace) {
  ASSERT_TRUE(authority->prepare_root());
  const Svid svid = issue("app");
  ASSERT_TRUE(write_file(folder / "ca/next.pem", svid.issuing_pem));
  const Result<CertificateAuthority> opened =
      CertificateAuthority::open(*token, authority_settings());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::integrity) << opened.error().describe();
}

} // namespace
} // namespace allod::trust
