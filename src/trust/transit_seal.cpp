#include "trust/transit_seal.h"

#include <optional>

#include "trust/associated_data.h"
#include "trust/secret_json.h"

namespace allod::trust {
namespace {

constexpr std::string_view kRoot = "/v1/transit/";
constexpr std::string_view kPrefix = "vault:v1:";
constexpr std::string_view kPurpose = "allod transit 1";

HttpAnswer errors(int status, std::string_view text) {
  const nlohmann::json body = {{"errors", {std::string(text)}}};
  return {status, Secret(body.dump()), "application/json"};
}

/// The envelope that Vault's clients read (api.Secret); only `data` matters to them.
HttpAnswer data(std::string_view field, const Secret& value, std::string_view more = {}) {
  constexpr std::string_view kBefore =
      R"({"request_id":"","lease_id":"","renewable":false,"lease_duration":0,"data":{")";
  constexpr std::string_view kAfter = R"(},"wrap_info":null,"warnings":null,"auth":null})";
  std::string body;
  body.reserve(kBefore.size() + kAfter.size() + field.size() + value.reveal().size() + more.size() +
               8); // in one piece: a text that grows leaves copies behind
  body.append(kBefore).append(field).append("\":\"").append(value.reveal()).append("\"");
  body.append(more).append(kAfter);
  return {200, Secret(std::move(body)), "application/json"};
}

HttpAnswer refuse(int status, std::string_view text, std::string& failure) {
  failure = std::string(text);
  return errors(status, text);
}

/// A failure of the token: what does not verify is the caller's, the rest is ours.
HttpAnswer token_failure(const Error& error, std::string& failure) {
  failure = error.describe();
  if (error.code() == ErrorCode::integrity) return errors(400, "invalid ciphertext");
  return errors(503, "the token does not answer");
}

SecretJson parse(std::string_view body) {
  return SecretJson::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
}

/// Strict base64 into memory that is wiped.
std::optional<Secret> decode(std::string_view text) {
  Result<Bytes> bytes = from_base64(text);
  if (!bytes) return std::nullopt;
  Secret decoded{std::string(as_text(*bytes))};
  OPENSSL_cleanse(bytes->data(), bytes->size());
  return decoded;
}

/// What is bound into the ciphertext: the key's name and what the caller sent, if anything.
/// Nothing if what the caller sent is not base64.
std::optional<std::string> binding(const std::string& name, const SecretJson& json) {
  const SecretText* sent = text_member(json, "associated_data");
  if (sent == nullptr) return bind_parts({kPurpose, name});
  const std::optional<Secret> decoded = decode(*sent);
  if (!decoded) return std::nullopt;
  return bind_parts({kPurpose, name, decoded->reveal()});
}

} // namespace

TransitSeal::TransitSeal(Token& token, std::map<std::string, TransitKey> keys,
                         std::function<void(const TransitUse&)> on_use)
    : token_(&token), keys_(std::move(keys)), on_use_(std::move(on_use)) {}

Result<TransitSeal> TransitSeal::open(Token& token, std::map<std::string, TransitKey> keys,
                                      std::function<void(const TransitUse&)> on_use) {
  for (const auto& [name, key] : keys) {
    if (name.empty() || name.find('/') != std::string::npos) {
      return Error(ErrorCode::invalid_input, "\"" + name + "\" is no name for a transit key");
    }
    if (Status made = token.ensure_aes_key(key.token_label); !made) {
      return std::move(made).error().during("opening the transit key \"" + name + "\"");
    }
  }
  return TransitSeal(token, std::move(keys), std::move(on_use));
}

HttpAnswer TransitSeal::handle(const HttpRequest& request) {
  const std::string_view path = request.path;
  if (!path.starts_with(kRoot)) return errors(404, "no handler for route");
  const std::string_view rest = path.substr(kRoot.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string operation(rest.substr(0, slash));
  const std::string name(rest.substr(std::min(slash + 1, rest.size())));
  const bool encrypting = operation == "encrypt";
  if ((!encrypting && operation != "decrypt") || name.empty() ||
      name.find('/') != std::string::npos) {
    return errors(404, "no handler for route");
  }
  if (request.method != "PUT" && request.method != "POST") {
    return errors(405, "unsupported operation");
  }
  TransitUse use{operation, name, request.peer, false, 403, {}};
  HttpAnswer answer = errors(403, "permission denied");
  const auto key = keys_.find(name);
  use.allowed = key != keys_.end() && key->second.callers.contains(request.peer);
  if (use.allowed) {
    answer = encrypting ? encrypt(name, key->second, request.body, use.failure)
                        : decrypt(name, key->second, request.body, use.failure);
  } else {
    use.failure = key == keys_.end() ? "no such key" : "not among the callers of this key";
  }
  use.status = answer.status;
  if (on_use_) on_use_(use);
  return answer;
}

HttpAnswer TransitSeal::encrypt(const std::string& name, const TransitKey& key,
                                std::string_view body, std::string& failure) {
  const SecretJson json = parse(body);
  const SecretText* text = text_member(json, "plaintext");
  if (text == nullptr) return refuse(400, "missing plaintext to encrypt", failure);
  const std::optional<Secret> plaintext = decode(*text);
  if (!plaintext) return refuse(400, "failed to base64-decode plaintext", failure);
  const std::optional<std::string> bound = binding(name, json);
  if (!bound) return refuse(400, "failed to base64-decode associated_data", failure);
  const Result<Bytes> sealed = token_->encrypt(key.token_label, plaintext->reveal(), *bound);
  if (!sealed) return token_failure(sealed.error(), failure);
  return data("ciphertext", Secret(std::string(kPrefix) + to_base64(*sealed)),
              R"(,"key_version":1)");
}

HttpAnswer TransitSeal::decrypt(const std::string& name, const TransitKey& key,
                                std::string_view body, std::string& failure) {
  const SecretJson json = parse(body);
  const SecretText* text = text_member(json, "ciphertext");
  if (text == nullptr) return refuse(400, "missing ciphertext to decrypt", failure);
  const std::string_view ciphertext = *text;
  if (!ciphertext.starts_with(kPrefix)) {
    return refuse(400, "invalid ciphertext: no prefix", failure);
  }
  const Result<Bytes> sealed = from_base64(ciphertext.substr(kPrefix.size()));
  if (!sealed) return refuse(400, "invalid ciphertext: could not decode base64", failure);
  const std::optional<std::string> bound = binding(name, json);
  if (!bound) return refuse(400, "failed to base64-decode associated_data", failure);
  const Result<Secret> plaintext = token_->decrypt(key.token_label, *sealed, *bound);
  if (!plaintext) return token_failure(plaintext.error(), failure);
  return data("plaintext", Secret(to_base64(plaintext->reveal())));
}

} // namespace allod::trust
