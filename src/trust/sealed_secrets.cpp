#include "trust/sealed_secrets.h"

#include <nlohmann/json.hpp>

#include "trust/associated_data.h"

namespace allod::trust {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kNonceSize = 12;
constexpr std::string_view kPurpose = "allod sealed secret 1";

struct Envelope {
  std::string key;
  Bytes sealed; ///< nonce || ciphertext || tag
};

Error no_envelope(const std::string& why) {
  return Error(ErrorCode::invalid_input, "this is no sealed secret: " + why);
}

Result<Envelope> parse_envelope(std::string_view text) {
  const nlohmann::json json =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return no_envelope("it is not a JSON object");
  const auto text_of = [&](const char* name) -> std::string {
    const auto at = json.find(name);
    return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  const auto version = json.find("v");
  if (version == json.end() || !version->is_number_integer())
    return no_envelope("it has no version");
  if (version->get<std::int64_t>() != kVersion) {
    return Error(ErrorCode::unsupported, "the sealed secret is of version " + version->dump())
        .with_hint("a newer allod wrote it");
  }
  Result<Bytes> nonce = from_base64(text_of("nonce"));
  const Result<Bytes> ciphertext = from_base64(text_of("ciphertext"));
  if (!nonce || nonce->size() != kNonceSize) return no_envelope("its nonce is not 12 bytes");
  if (!ciphertext) return no_envelope("its ciphertext is not base64");
  nonce->insert(nonce->end(), ciphertext->begin(), ciphertext->end());
  return Envelope{text_of("key"), std::move(*nonce)};
}

} // namespace

Result<SealedSecrets> SealedSecrets::open(Token& token, std::string stack) {
  SealedSecrets secrets(token, std::move(stack));
  if (Status made = token.ensure_aes_key(secrets.key_label()); !made)
    return std::move(made).error();
  return secrets;
}

std::string SealedSecrets::associated_data(std::string_view name) const {
  return bind_parts({kPurpose, stack_, name});
}

Result<std::string> SealedSecrets::seal(std::string_view name, const Secret& secret) {
  const Result<Bytes> sealed = token_->encrypt(key_label(), secret.reveal(), associated_data(name));
  if (!sealed) return Error(sealed.error()).during("sealing \"" + std::string(name) + "\"");
  const std::string_view bytes = as_text(*sealed);
  const nlohmann::ordered_json envelope = {{"v", kVersion},
                                           {"key", key_label()},
                                           {"nonce", to_base64(bytes.substr(0, kNonceSize))},
                                           {"ciphertext", to_base64(bytes.substr(kNonceSize))}};
  return envelope.dump();
}

Result<Secret> SealedSecrets::unseal(std::string_view name, std::string_view envelope) {
  const std::string doing = "unsealing \"" + std::string(name) + "\"";
  Result<Envelope> parsed = parse_envelope(envelope);
  if (!parsed) return std::move(parsed).error().during(doing);
  if (parsed->key != key_label()) {
    return Error(ErrorCode::integrity,
                 "the secret is sealed with \"" + parsed->key + "\", not \"" + key_label() + "\"")
        .during(doing);
  }
  Result<Secret> secret = token_->decrypt(key_label(), parsed->sealed, associated_data(name));
  if (!secret) return std::move(secret).error().during(doing);
  return secret;
}

} // namespace allod::trust
