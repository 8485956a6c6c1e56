// What the tests of this layer share: a folder that goes away, a SoftHSM token in it, a clock that
// moves, and the command lines of openssl and others as a second opinion.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/process.h"
#include "base/time.h"
#include "trust/pkcs11_token.h"
#include "trust/softhsm.h"

namespace allod::trust {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "allod-trust-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { (void)remove_tree(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// A fresh software token in a folder of its own.
class TokenTest : public testing::Test {
 protected:
  void SetUp() override {
    if (find_softhsm_module().empty()) GTEST_SKIP() << "SoftHSM is not installed";
    Result<TokenSettings> made = initialise_softhsm(folder / "token", "home");
    ASSERT_TRUE(made.ok()) << made.error().describe();
    settings = *made;
    Result<Token> opened = Token::open(settings);
    ASSERT_TRUE(opened.ok()) << opened.error().describe();
    token.emplace(std::move(*opened));
  }

  TemporaryFolder folder;
  TokenSettings settings;
  std::optional<Token> token;
};

/// Runs a command line; the test reads exit code and output.
inline Finished command(std::vector<std::string> arguments, std::string input = {},
                        std::map<std::string, std::string> environment = {}) {
  Command wanted;
  wanted.arguments = std::move(arguments);
  wanted.input = std::move(input);
  wanted.environment = std::move(environment);
  wanted.timeout = std::chrono::seconds(60);
  Result<Finished> finished = run(wanted);
  if (!finished) return {127, "", finished.error().describe()};
  return *finished;
}

} // namespace allod::trust
