#include "cli/signing_key.h"

#include "agent/places.h"
#include "base/files.h"
#include "cli/pipeline.h"
#include "trust/softhsm.h"

namespace allod::cli {
namespace {

Result<OpenedKey> key_of_file(const std::string& path) {
  Result<std::string> text = read_file(path, 1 << 16);
  if (!text) return std::move(text).error();
  Result<trust::SigningKey> key = trust::signing_key_from_pem(Secret(std::move(*text)));
  if (!key) return std::move(key).error().during("reading the signing key " + path);
  return OpenedKey{nullptr, std::move(*key)};
}

/// As the agent opens it: the token that the stack names, or the one that was made for it.
Result<trust::TokenSettings> token_of_stack(const GlobalOptions& global) {
  const auto none = [](Error error) {
    return std::move(error).with_hint("name a key: --signing-key FILE, or a token: --token-module, "
                                      "--token and --pin-file");
  };
  const Result<std::string> stack = find_stack(global);
  if (!stack) return none(stack.error());
  const Result<std::optional<graph::Graph>> recorded = recorded_graph(*stack);
  if (!recorded) return recorded.error();
  if (!*recorded) {
    return none(Error(ErrorCode::not_found, "stack " + *stack +
                                                " is not on this machine, and so "
                                                "there is no token of it to sign with"));
  }
  const document::Value* token = (*recorded)->settings.at_path({"trust", "token"});
  if (token != nullptr && token->is_map()) {
    trust::TokenSettings named;
    named.module = token->string_or("module", "");
    named.label = token->string_or("label", "");
    named.pin_source = token->string_or("pinFile", "");
    return named;
  }
  return trust::initialise_softhsm(agent::Places::of(*stack).token_folder(), *stack);
}

Result<OpenedKey> key_of_token(const trust::TokenSettings& settings, const std::string& label) {
  Result<trust::Token> opened = trust::Token::open(settings);
  if (!opened) return std::move(opened).error().during("opening the token");
  OpenedKey result{std::make_unique<trust::Token>(std::move(*opened)), {}};
  Result<trust::SigningKey> key = trust::signing_key_of_token(*result.token, label);
  if (!key) return std::move(key).error();
  result.key = std::move(*key);
  return result;
}

} // namespace

void add_signing_options(CLI::App& command, SigningOptions& options) {
  command.add_option("--signing-key", options.file, "a P-256 private key in PEM")
      ->type_name("FILE");
  CLI::Option* module =
      command.add_option("--token-module", options.token.module, "the PKCS#11 module of a token")
          ->type_name("PATH")
          ->excludes("--signing-key");
  command.add_option("--token", options.token.label, "the token's label")
      ->type_name("LABEL")
      ->needs(module);
  command.add_option("--pin-file", options.token.pin_source, "a file with the token's PIN")
      ->type_name("FILE")
      ->needs(module);
  command.add_option("--token-key", options.label, "the key's label in the token; made if missing")
      ->type_name("LABEL")
      ->capture_default_str();
}

Result<OpenedKey> open_signing_key(const SigningOptions& options, const GlobalOptions& global) {
  if (!options.file.empty()) return key_of_file(options.file);
  if (!options.token.module.empty()) return key_of_token(options.token, options.label);
  const Result<trust::TokenSettings> settings = token_of_stack(global);
  if (!settings) return settings.error();
  return key_of_token(*settings, options.label);
}

Result<std::vector<trust::VerifyingKey>> read_trusted_keys(const std::vector<std::string>& files) {
  std::vector<trust::VerifyingKey> keys;
  for (const std::string& file : files) {
    const Result<std::string> text = read_file(file, 1 << 16);
    if (!text) return text.error();
    Result<trust::VerifyingKey> key = trust::read_verifying_key(*text);
    if (!key) return std::move(key).error().during("reading the key " + file);
    keys.push_back(std::move(*key));
  }
  return keys;
}

} // namespace allod::cli
