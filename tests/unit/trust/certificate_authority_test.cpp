#include <regex>

#include "authority_fixture.h"
#include "trust/certificate_authority.h"
#include "trust/certificate_builder.h"
#include "trust/openssl_handles.h"

namespace allod::trust {
namespace {

using std::chrono::hours;

class CertificateAuthorityTest : public AuthorityTest {
 protected:
  /// `openssl verify` of a leaf, with its issuing certificate as the peer would send it.
  Finished verify(const Svid& svid, const std::string& anchors,
                  std::vector<std::string> more = {}) {
    std::vector<std::string> line = {"openssl",     "verify",   "-x509_strict", "-no-CApath",
                                     "-no-CAstore", "-purpose", "sslclient"};
    line.insert(line.end(), more.begin(), more.end());
    line.insert(line.end(), {"-CAfile", put("anchors.pem", anchors), "-untrusted",
                             put("issuing.pem", svid.issuing_pem), put("leaf.pem", svid.leaf_pem)});
    return command(line);
  }

  std::string text_of(const std::string& pem) {
    return command({"openssl", "x509", "-noout", "-text"}, pem).output;
  }
};

TEST_F(CertificateAuthorityTest, RootFollowsTheRulesOfSigningCertificates) {
  const std::string text = text_of(authority->root().pem);
  EXPECT_TRUE(has(text, "Subject: CN = home root")) << text;
  EXPECT_TRUE(has(text, "Basic Constraints: critical\n                CA:TRUE, pathlen:1"));
  EXPECT_TRUE(has(text, "Key Usage: critical\n                Certificate Sign, CRL Sign\n"));
  EXPECT_TRUE(has(text, "URI:spiffe://home.localhost\n"));
  EXPECT_TRUE(has(text, "Signature Algorithm: ecdsa-with-SHA256"));
  EXPECT_EQ((authority->root().not_after - time) / hours(24), 3651);
}

TEST_F(CertificateAuthorityTest, IssuingStandsBelowTheRootAndBrowsersTakeIt) {
  const Result<AuthorityCertificate> issuing = authority->ensure_issuing("keycloak");
  ASSERT_TRUE(issuing.ok()) << issuing.error().describe();
  const std::string text = text_of(issuing->pem);
  EXPECT_TRUE(has(text, "Issuer: CN = home root"));
  EXPECT_TRUE(has(text, "Subject: CN = home/keycloak issuing")) << text;
  EXPECT_TRUE(has(text, "CA:TRUE, pathlen:0"));
  // Browsers refuse every certificate with a URI below an authority that constrains URIs.
  EXPECT_FALSE(has(text, "Name Constraints")) << text;
  EXPECT_TRUE(issuing->renewed);
  EXPECT_FALSE(authority->ensure_issuing("keycloak")->renewed);
}

TEST_F(CertificateAuthorityTest, LeafFollowsTheX509SvidSpecification) {
  const Svid svid = issue("keycloak");
  const std::string text = text_of(svid.leaf_pem);
  EXPECT_TRUE(has(text, "Basic Constraints: critical\n                CA:FALSE")) << text;
  EXPECT_TRUE(has(text, "Key Usage: critical\n                Digital Signature\n"));
  EXPECT_TRUE(has(text, "TLS Web Server Authentication, TLS Web Client Authentication"));
  EXPECT_TRUE(has(text, "URI:spiffe://home.localhost/home/keycloak, DNS:keycloak, "
                        "DNS:localhost, IP Address:10.66.0.7, IP Address:127.0.0.1"));
  EXPECT_TRUE(has(text, "Subject: CN = keycloak\n"));
  EXPECT_TRUE(has(text, "ASN1 OID: prime256v1"));
  EXPECT_EQ(svid.serial.size(), 40U);
  EXPECT_EQ(svid.not_after - svid.not_before, hours(24) + std::chrono::minutes(1));
  EXPECT_LT(svid.renew_at(), svid.not_after);
  const Finished fingerprint =
      command({"openssl", "x509", "-noout", "-fingerprint", "-sha256"}, svid.leaf_pem);
  std::string digits = std::regex_replace(fingerprint.output, std::regex("^.*=|:|\n"), "");
  for (char& c : digits)
    c = static_cast<char>(std::tolower(c));
  EXPECT_EQ(digits, svid.fingerprint);
  // The key is the certificate's.
  EXPECT_EQ(
      command({"openssl", "pkey", "-pubout"}, std::string(svid.private_key_pem.reveal())).output,
      command({"openssl", "x509", "-noout", "-pubkey"}, svid.leaf_pem).output);
  EXPECT_TRUE(has(std::string(svid.private_key_pem.reveal()), "BEGIN PRIVATE KEY"));
}

TEST_F(CertificateAuthorityTest, ChainsVerifyToTheRoot) {
  const Svid svid = issue("keycloak");
  EXPECT_EQ(verify(svid, authority->root().pem).exit_code, 0)
      << verify(svid, authority->root().pem).errors;
}

TEST_F(CertificateAuthorityTest, AnotherComponentsIssuerIsNoAnchor) {
  const Svid svid = issue("keycloak");
  const std::vector<std::string> partial = {"-partial_chain"};
  EXPECT_EQ(verify(svid, *authority->bundle_of({"keycloak"}), partial).exit_code, 0);
  EXPECT_EQ(verify(svid, *authority->bundle_of({"gateway", "keycloak"}), partial).exit_code, 0);
  EXPECT_NE(verify(svid, *authority->bundle_of({"gateway"}), partial).exit_code, 0);
}

TEST_F(CertificateAuthorityTest, AnIssuingCaSpeaksForItsComponentAlone) {
  SvidRequest request;
  request.component = "keycloak";
  request.path = "/home/gateway";
  EXPECT_EQ(authority->issue(request).error().code(), ErrorCode::invalid_input);
  request.path = "/home/keycloak2";
  EXPECT_EQ(authority->issue(request).error().code(), ErrorCode::invalid_input);
  request.path = "/home/keycloak/server";
  EXPECT_TRUE(authority->issue(request).ok());
}

TEST_F(CertificateAuthorityTest, RefusesNamesThatAreNone) {
  SvidRequest request;
  for (const char* name : {"", "Keycloak", "a/b", "..", "a b"}) {
    request.component = name;
    EXPECT_EQ(authority->issue(request).error().code(), ErrorCode::invalid_input) << name;
  }
  request.component = "a";
  request.addresses = {"10.0.0.256"};
  EXPECT_EQ(authority->issue(request).error().code(), ErrorCode::invalid_input);
  request.addresses = {"2001:db8::1"};
  EXPECT_TRUE(authority->issue(request).ok());
  request.common_name = std::string(65, 'a');
  EXPECT_EQ(authority->issue(request).error().code(), ErrorCode::invalid_input);
}

TEST_F(CertificateAuthorityTest, ComesBackTheSame) {
  const std::string root = authority->root().fingerprint;
  const std::string issuing = authority->ensure_issuing("keycloak")->fingerprint;
  open();
  EXPECT_EQ(authority->root().fingerprint, root);
  EXPECT_FALSE(authority->root().renewed);
  EXPECT_EQ(authority->ensure_issuing("keycloak")->fingerprint, issuing);
  EXPECT_EQ(*authority->components(), std::vector<std::string>{"keycloak"});
}

TEST_F(CertificateAuthorityTest, IssuingIsRenewedBeforeItsEndOverTheSameKey) {
  const AuthorityCertificate before = *authority->ensure_issuing("keycloak");
  SvidRequest request;
  request.component = "keycloak";
  request.lifetime = hours(24 * 300);
  const Svid old = *authority->issue(request);
  time += hours(24 * 200);
  EXPECT_FALSE(authority->ensure_issuing("keycloak")->renewed);
  time += hours(24 * 50);
  const AuthorityCertificate after = *authority->ensure_issuing("keycloak");
  EXPECT_TRUE(after.renewed);
  EXPECT_NE(after.fingerprint, before.fingerprint);
  EXPECT_EQ((after.not_after - time) / hours(24), 364);
  // A leaf of before verifies by the renewed certificate, and a new one by the certificate before.
  const std::vector<std::string> then = {
      "-partial_chain", "-attime",
      std::to_string(time.time_since_epoch() / std::chrono::seconds(1))};
  EXPECT_EQ(verify(old, after.pem, then).exit_code, 0) << verify(old, after.pem, then).errors;
  Svid young = issue("keycloak");
  young.issuing_pem = before.pem;
  EXPECT_EQ(verify(young, before.pem, then).exit_code, 0);
}

TEST_F(CertificateAuthorityTest, NothingOutlivesItsIssuer) {
  SvidRequest request;
  request.component = "keycloak";
  request.lifetime = hours(24 * 5000);
  const Svid svid = *authority->issue(request);
  EXPECT_EQ(svid.not_after, authority->ensure_issuing("keycloak")->not_after);
}

TEST_F(CertificateAuthorityTest, RootIsMadeAgainBeforeItsEnd) {
  const std::string before = authority->root().fingerprint;
  time += hours(24 * 365 * 9);
  open();
  EXPECT_TRUE(authority->root().renewed);
  EXPECT_NE(authority->root().fingerprint, before);
}

TEST_F(CertificateAuthorityTest, FindsASwappedRoot) {
  // A root of somebody else's, under the same name.
  ASSERT_EQ(
      command({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-keyout", folder / "k", "-out", folder / "ca/root.pem", "-subj",
               "/CN=home root", "-addext", "subjectAltName=URI:spiffe://home.localhost"})
          .exit_code,
      0);
  const Result<CertificateAuthority> opened =
      CertificateAuthority::open(*token, authority_settings());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::integrity);
}

TEST_F(CertificateAuthorityTest, FindsASwappedIssuingCertificate) {
  (void)authority->ensure_issuing("keycloak");
  const std::string gateway = authority->ensure_issuing("gateway")->pem;
  ASSERT_TRUE(write_file(folder / "ca/issuing/keycloak.pem", gateway).ok());
  open();
  EXPECT_EQ(authority->ensure_issuing("keycloak").error().code(), ErrorCode::integrity);
  EXPECT_TRUE(authority->ensure_issuing("gateway").ok());
}

// Right name, right issuer, but for a key that the token no longer holds.
TEST_F(CertificateAuthorityTest, FindsAnIssuingCertificateOfAnotherKey) {
  (void)authority->ensure_issuing("keycloak");
  open();
  ASSERT_TRUE(token->delete_key("home/keycloak issuing").ok());
  EXPECT_EQ(authority->ensure_issuing("keycloak").error().code(), ErrorCode::integrity);
  ASSERT_TRUE(token->generate_ec_key("home/keycloak issuing").ok());
  EXPECT_EQ(authority->ensure_issuing("keycloak").error().code(), ErrorCode::integrity);
}

TEST_F(CertificateAuthorityTest, FindsAnotherToken) {
  ASSERT_TRUE(token->delete_key("home root").ok());
  const Result<CertificateAuthority> opened =
      CertificateAuthority::open(*token, authority_settings());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::integrity);
}

TEST_F(CertificateAuthorityTest, FindsAnotherTrustDomain) {
  AuthoritySettings other = authority_settings();
  other.domain = *TrustDomain::parse("elsewhere");
  EXPECT_EQ(CertificateAuthority::open(*token, other).error().code(), ErrorCode::integrity);
}

TEST_F(CertificateAuthorityTest, LostCertificatesAreMadeAgainOverTheirKeys) {
  const Svid svid = issue("keycloak");
  ASSERT_TRUE(remove_tree(folder / "ca").ok());
  open();
  EXPECT_TRUE(authority->root().renewed);
  (void)authority->ensure_issuing("keycloak");
  EXPECT_EQ(verify(svid, authority->root().pem).exit_code, 0); // leaf and issuing of before
}

TEST_F(CertificateAuthorityTest, RemovedIssuersAreGone) {
  const Svid svid = issue("keycloak");
  ASSERT_TRUE(authority->remove_issuing("keycloak").ok());
  EXPECT_FALSE(*token->has_key("home/keycloak issuing"));
  EXPECT_TRUE(authority->components()->empty());
  EXPECT_NE(verify(svid, *authority->bundle_of({"keycloak"}), {"-partial_chain"}).exit_code, 0);
}

} // namespace
} // namespace allod::trust
