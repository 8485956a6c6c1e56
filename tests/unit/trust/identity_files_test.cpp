#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authority_fixture.h"
#include "trust/identity_files.h"

namespace allod::trust {
namespace {

class IdentityFilesTest : public AuthorityTest {
 protected:
  std::string home() { return folder / "identity"; }

  Status write(const Svid& svid, const std::string& clients, const std::string& password = {},
               IdentityOwner owner = {}) {
    return write_identity(
        home(), {svid, authority->root().pem, clients, "keycloak", Secret(password)}, owner);
  }

  std::string read(const std::string& name) { return read_file(home() + "/" + name).value_or(""); }

  std::size_t generations() {
    std::size_t count = 0;
    const std::vector<std::string> names = *list_directory(home());
    for (const std::string& name : names)
      count += name.starts_with("..2") ? 1 : 0;
    return count;
  }
};

TEST_F(IdentityFilesTest, LaysEveryForm) {
  const Svid svid = issue("keycloak");
  const std::string clients = *authority->bundle_of({"gateway"});
  const Status written = write(svid, clients);
  ASSERT_TRUE(written.ok()) << written.error().describe();
  EXPECT_EQ(read("certificate.pem"), svid.leaf_pem + svid.issuing_pem);
  EXPECT_EQ(read("key.pem"), svid.private_key_pem.reveal());
  EXPECT_EQ(read("bundle.pem"), authority->root().pem);
  EXPECT_EQ(read("clients.pem"), clients);
  const std::string public_key =
      command({"openssl", "x509", "-noout", "-pubkey"}, svid.leaf_pem).output;
  EXPECT_EQ(
      command({"openssl", "pkey", "-inform", "DER", "-in", home() + "/key.der", "-pubout"}).output,
      public_key);
  EXPECT_FALSE(public_key.empty());
}

TEST_F(IdentityFilesTest, KeysBelongToTheUnitAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_TRUE(write(issue("keycloak"), "", "", {4711, 4712}).ok());
  struct stat info {};
  for (const char* name : {"key.pem", "key.der", "keystore.p12"}) {
    ASSERT_EQ(::stat((home() + "/" + name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U) << name;
    EXPECT_EQ(info.st_uid, 4711U) << name;
    EXPECT_EQ(info.st_gid, 4712U) << name;
  }
  ASSERT_EQ(::stat(home().c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 0U);
  EXPECT_EQ(info.st_mode & 0777, 0755U);
}

TEST_F(IdentityFilesTest, SwitchesWholeGenerations) {
  const Svid first = issue("keycloak");
  ASSERT_TRUE(write(first, "").ok());
  // A reader that began in the old generation ends in it.
  const int reader = ::open((home() + "/..data").c_str(), O_RDONLY | O_DIRECTORY);
  const Svid second = issue("keycloak");
  ASSERT_TRUE(write(second, "").ok());
  EXPECT_EQ(read("key.pem"), second.private_key_pem.reveal());
  EXPECT_EQ(read("certificate.pem"), second.chain_pem());
  const int old_key = ::openat(reader, "key.pem", O_RDONLY);
  EXPECT_GE(old_key, 0);
  ::close(old_key);
  ::close(reader);
  EXPECT_EQ(generations(), 2U);
  ASSERT_TRUE(write(issue("keycloak"), "").ok());
  EXPECT_EQ(generations(), 2U);
}

TEST_F(IdentityFilesTest, WithoutConsumersOnlyTheComponentItselfIsTrusted) {
  const Svid svid = issue("keycloak");
  ASSERT_TRUE(write(svid, "").ok());
  EXPECT_EQ(read("clients.pem"), svid.issuing_pem);
  ASSERT_TRUE(write_trust(home(), authority->root().pem, "").ok());
  EXPECT_EQ(read("clients.pem"), svid.issuing_pem);
}

TEST_F(IdentityFilesTest, TrustChangesWithoutTheKey) {
  const Svid svid = issue("keycloak");
  ASSERT_TRUE(write(svid, "").ok());
  const std::string clients = *authority->bundle_of({"gateway", "grafana"});
  const Status written = write_trust(home(), authority->root().pem, clients);
  ASSERT_TRUE(written.ok()) << written.error().describe();
  EXPECT_EQ(read("clients.pem"), clients);
  EXPECT_EQ(read("key.pem"), svid.private_key_pem.reveal());
  EXPECT_EQ(read("certificate.pem"), svid.chain_pem());
  EXPECT_FALSE(write_trust(folder / "none", authority->root().pem, clients).ok());
}

TEST_F(IdentityFilesTest, AFailureLeavesTheOldGeneration) {
  const Svid svid = issue("keycloak");
  ASSERT_TRUE(write(svid, "").ok());
  EXPECT_EQ(write(issue("keycloak"), "no certificate").error().code(), ErrorCode::invalid_input);
  EXPECT_EQ(read("certificate.pem"), svid.chain_pem());
  EXPECT_EQ(generations(), 1U);
}

// An OpenSSL server that knows nothing of partial chains, as PostgreSQL: the marked certificates
// are anchors of their own, for clients only, and no other component gets in beside them.
TEST_F(IdentityFilesTest, OpensslAnchorsNeedNoRoot) {
  ASSERT_TRUE(write(issue("postgresql"), *authority->bundle_of({"keycloak"})).ok());
  const auto verify = [&](const std::string& anchors, const std::string& component,
                          const std::string& purpose) {
    const Svid svid = issue(component);
    return command({"openssl", "verify", "-no-CApath", "-no-CAstore", "-purpose", purpose,
                    "-CAfile", home() + "/" + anchors, "-untrusted",
                    put("issuing.pem", svid.issuing_pem), put("leaf.pem", svid.leaf_pem)})
               .exit_code == 0;
  };
  EXPECT_FALSE(verify("clients.pem", "keycloak", "sslclient"));
  EXPECT_TRUE(verify("clients-openssl.pem", "keycloak", "sslclient"));
  EXPECT_FALSE(verify("clients-openssl.pem", "gateway", "sslclient"));
  EXPECT_FALSE(verify("clients-openssl.pem", "keycloak", "sslserver"));
}

TEST_F(IdentityFilesTest, OpensslReadsTheKeyStore) {
  for (const char* password : {"", "changeit"}) {
    ASSERT_TRUE(write(issue("keycloak"), "", password).ok());
    const Finished shown = command({"openssl", "pkcs12", "-in", home() + "/keystore.p12", "-passin",
                                    "pass:" + std::string(password), "-nodes", "-info"});
    EXPECT_EQ(shown.exit_code, 0) << shown.errors;
    EXPECT_TRUE(has(shown.output, "friendlyName: keycloak"));
    EXPECT_TRUE(has(shown.errors, "AES-256-CBC")) << shown.errors;
  }
}

/// Every Java here: the default one and whatever else is installed.
std::vector<std::string> javas() {
  std::vector<std::string> found;
  const std::vector<std::string> names =
      list_directory("/usr/lib/jvm").value_or(std::vector<std::string>());
  for (const std::string& name : names) {
    const std::string java = "/usr/lib/jvm/" + name + "/bin/java";
    if (exists(java) && exists("/usr/lib/jvm/" + name + "/bin/javac")) found.push_back(java);
  }
  return found;
}

constexpr const char* kReader = R"(
import java.io.*; import java.security.*; import java.security.cert.*; import java.util.*;
public class Reader {
  public static void main(String[] a) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    char[] password = a[1].toCharArray();
    try (InputStream in = new FileInputStream(a[0])) { store.load(in, password); }
    PrivateKey key = (PrivateKey) store.getKey("keycloak", password);
    java.security.cert.Certificate[] chain = store.getCertificateChain("keycloak");
    Signature signer = Signature.getInstance("SHA256withECDSA");
    signer.initSign(key); signer.update(new byte[1]); byte[] signature = signer.sign();
    signer.initVerify(chain[0]); signer.update(new byte[1]);
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    X509Certificate root = (X509Certificate) factory.generateCertificate(new FileInputStream(a[2]));
    PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
    parameters.setRevocationEnabled(false);
    CertPathValidator.getInstance("PKIX").validate(
        factory.generateCertPath(Arrays.asList(chain)), parameters);
    System.out.println(key.getAlgorithm() + " " + chain.length + " " + signer.verify(signature));
  }
})";

TEST_F(IdentityFilesTest, JavaReadsTheKeyStore) {
  if (javas().empty()) GTEST_SKIP() << "no Java is installed";
  const std::string program = put("Reader.java", kReader);
  for (const std::string& java : javas()) {
    for (const char* password : {"", "changeit"}) {
      ASSERT_TRUE(write(issue("keycloak"), "", password).ok());
      const Finished finished =
          command({java, "-XX:TieredStopAtLevel=1", program, home() + "/keystore.p12", password,
                   home() + "/bundle.pem"});
      EXPECT_EQ(finished.output, "EC 2 true\n")
          << java << " \"" << password << "\"" << finished.errors;
    }
  }
}

} // namespace
} // namespace allod::trust
