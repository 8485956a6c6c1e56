// The key that a verb signs with: a file, a token, or the stack's own token.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/result.h"
#include "cli/context.h"
#include "trust/dsse.h"
#include "trust/pkcs11_token.h"

namespace allod::cli {

struct SigningOptions {
  std::string file;                   ///< PEM with a private key
  trust::TokenSettings token;         ///< module, label and PIN file of a token
  std::string label = "allod bundle"; ///< of the key in the token
};

/// --signing-key, or --token-module, --token, --pin-file and --token-key.
void add_signing_options(CLI::App& command, SigningOptions& options);

struct OpenedKey {
  std::unique_ptr<trust::Token> token; ///< null for a file
  trust::SigningKey key;
};

/// Without options the token of the stack. To be called before threads are started (softhsm.h).
/// Errors: invalid_input, not_found, those of the token.
Result<OpenedKey> open_signing_key(const SigningOptions& options, const GlobalOptions& global);

/// Public keys of PEM files. Errors: invalid_input when there are none.
Result<std::vector<trust::VerifyingKey>> read_trusted_keys(const std::vector<std::string>& files);

} // namespace allod::cli
