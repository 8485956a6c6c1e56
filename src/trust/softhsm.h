// A software token of allod's own making: SoftHSM over files in one folder. For trying out only;
// the folder holds the keys and the PIN that opens them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "trust/pkcs11_token.h"

namespace allod::trust {

/// The path of SoftHSM's module where distributions put it, or "".
[[nodiscard]] std::string find_softhsm_module();

/// Points SoftHSM at a folder by SOFTHSM2_CONF, the only way it can be told. As setenv(3) may not
/// race with getenv(3), this is refused once the process has more than one thread, unless the
/// variable is right already; so `main` calls it (or Token::open, which does) before it starts any.
/// The variable is not handed on: children get an explicit environment (base/process.h).
/// Errors: conflict.
Status use_softhsm_folder(const std::string& folder);

/// Makes a token in `folder` (0700): softhsm2.conf, tokens/, and a file `pin` (0600) with a random
/// PIN. Done before: only returns the settings. Interrupted before the PIN was recorded: begins
/// anew, since no key can be in it. The security officer's PIN is random and is not kept: the token
/// cannot be initialised again by accident, only removed with its folder.
/// An empty `module` takes find_softhsm_module(). Errors: not_found (no module), conflict, io.
Result<TokenSettings> initialise_softhsm(const std::string& folder, std::string_view label,
                                         const std::string& module = {});

} // namespace allod::trust
