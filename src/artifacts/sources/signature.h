// OpenPGP signatures over parts, checked by gpgv against one pinned key.
#pragma once

#include <string>

#include "base/result.h"

namespace allod::artifacts {

/// `key_file`: an armoured or binary public key. `scratch`: an existing folder for the keyring.
/// Returns the fingerprint of the key that made the signature. Errors: integrity when it is not a
/// good signature by that key; unsupported without gpgv.
Result<std::string> check_signature(const std::string& file, const std::string& signature,
                                    const std::string& key_file, const std::string& scratch);

} // namespace allod::artifacts
