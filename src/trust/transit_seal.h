// The two calls of the Vault and OpenBao transit API that OpenBao's `seal "transit"` makes,
// answered by AES keys that stay in the token (docs/adr/0005-agent-as-transit-seal.md).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "trust/mtls_server.h"
#include "trust/pkcs11_token.h"
#include "trust/spiffe_id.h"

namespace allod::trust {

/// One key that may be used from outside.
struct TransitKey {
  std::string token_label;    ///< the AES key in the token; made by `open` if it is missing
  std::set<SpiffeId> callers; ///< who may use it
};

/// One use of a key, allowed or not: for the record. Never holds content.
struct TransitUse {
  std::string operation; ///< "encrypt", "decrypt"
  std::string key;       ///< as named in the path
  SpiffeId caller;
  bool allowed = false; ///< by the policy
  int status = 0;       ///< HTTP status that was answered
  std::string failure;  ///< why, when it failed
};

class TransitSeal {
 public:
  /// `keys` by the name in the path. The token must outlive the object; `on_use` may be empty and
  /// is called from the server's threads. Errors: those of the token.
  static Result<TransitSeal> open(Token& token, std::map<std::string, TransitKey> keys,
                                  std::function<void(const TransitUse&)> on_use);

  /// PUT or POST /v1/transit/encrypt/KEY  {"plaintext":BASE64[,"associated_data":BASE64]}
  ///   200 {"data":{"ciphertext":"vault:v1:BASE64","key_version":1}, …}
  /// PUT or POST /v1/transit/decrypt/KEY  {"ciphertext":"vault:v1:…"[,"associated_data":BASE64]}
  ///   200 {"data":{"plaintext":BASE64}, …}
  /// Errors in Vault's shape, {"errors":[TEXT]}: 400 malformed or does not verify, 403 not allowed
  /// (an unknown key too, so that names cannot be probed), 404 any other path, 405 method, 503 the
  /// token does not answer.
  [[nodiscard]] HttpAnswer handle(const HttpRequest& request);

 private:
  TransitSeal(Token& token, std::map<std::string, TransitKey> keys,
              std::function<void(const TransitUse&)> on_use);
  HttpAnswer encrypt(const std::string& name, const TransitKey& key, std::string_view body,
                     std::string& failure);
  HttpAnswer decrypt(const std::string& name, const TransitKey& key, std::string_view body,
                     std::string& failure);
  Token* token_;
  std::map<std::string, TransitKey> keys_;
  std::function<void(const TransitUse&)> on_use_;
};

} // namespace allod::trust
