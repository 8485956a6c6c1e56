// A token and an authority over it, with a clock that the test moves.
#pragma once

#include "fixture.h"
#include "trust/certificate_authority.h"

namespace allod::trust {

class AuthorityTest : public TokenTest {
 protected:
  void SetUp() override {
    TokenTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) open();
  }

  AuthoritySettings authority_settings() {
    AuthoritySettings wanted{"home", *TrustDomain::parse("home.localhost"), folder / "ca"};
    wanted.clock = [this] { return time; };
    return wanted;
  }

  void open() {
    authority.reset();
    Result<CertificateAuthority> opened = CertificateAuthority::open(*token, authority_settings());
    ASSERT_TRUE(opened.ok()) << opened.error().describe();
    authority.emplace(std::move(*opened));
  }

  Svid issue(const std::string& component, std::chrono::seconds lifetime = std::chrono::hours(24)) {
    SvidRequest request;
    request.component = component;
    request.dns_names = {component, "localhost"};
    request.addresses = {"10.66.0.7", "127.0.0.1"};
    request.lifetime = lifetime;
    Result<Svid> svid = authority->issue(request);
    EXPECT_TRUE(svid.ok()) << svid.error().describe();
    return std::move(*svid);
  }

  std::string put(const std::string& name, std::string_view content) {
    EXPECT_TRUE(write_file(folder / name, content).ok());
    return folder / name;
  }

  Timestamp time = now();
  std::optional<CertificateAuthority> authority;
};

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace allod::trust
