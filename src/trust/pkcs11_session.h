// One logged-in session with a token that is known by its label: opened when first needed and again
// when the token dropped it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <p11-kit/pkcs11.h>

#include "base/result.h"
#include "trust/pkcs11_module.h"
#include "trust/pkcs11_token.h"

namespace allod::trust {

/// Not safe from several threads: the token holds a mutex around it.
class TokenSession {
 public:
  /// Finds the token and logs in. Errors: as Token::open.
  static Result<TokenSession> open(Module module, const TokenSettings& settings);
  TokenSession(TokenSession&& other) noexcept;
  TokenSession& operator=(TokenSession&&) = delete;
  ~TokenSession();

  [[nodiscard]] const TokenDescription& description() const { return description_; }
  [[nodiscard]] CK_FUNCTION_LIST& calls() const { return module_.calls(); }

  using Attempt = std::function<CK_RV(CK_FUNCTION_LIST&, CK_SESSION_HANDLE)>;
  /// Makes an attempt, and once more in a new session when this one turns out to be lost. Object
  /// handles must be looked up within the attempt. Returns the attempt's own value; Errors: only
  /// when no session could be had.
  Result<CK_RV> attempt(const Attempt& attempt);
  /// Ends the module's work and begins it anew; the next attempt opens a session. A module may hold
  /// on to what a token was when it was away.
  Status begin_anew();

 private:
  TokenSession(Module module, TokenSettings settings)
      : module_(std::move(module)), settings_(std::move(settings)) {}
  Status connect();
  Status login(const CK_TOKEN_INFO& token);
  void close();

  Module module_;
  TokenSettings settings_;
  TokenDescription description_;
  CK_SESSION_HANDLE session_ = CK_INVALID_HANDLE;
  /// A refused PIN is not tried again: that would lock the token.
  bool pin_refused_ = false;
};

} // namespace allod::trust
