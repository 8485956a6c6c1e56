#include "trust/dsse.h"

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>
#include <openssl/pem.h>

#include "base/hash.h"
#include "trust/openssl_handles.h"

namespace allod::trust {
namespace {

using Json = nlohmann::ordered_json;
using DigestContext = OpensslHandle<EVP_MD_CTX, EVP_MD_CTX_free>;

Status check_p256(EVP_PKEY* key) {
  char group[32] = {};
  std::size_t length = 0;
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
      EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
      std::string_view(group, length) == "prime256v1") {
    return {};
  }
  return Error(ErrorCode::invalid_input, "the key is none on the curve P-256")
      .with_hint("make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256");
}

Result<VerifyingKey> public_half(EVP_PKEY* key) {
  if (Status checked = check_p256(key); !checked) return std::move(checked).error();
  Result<Bytes> spki = to_der(key, i2d_PUBKEY, "write a public key");
  if (!spki) return std::move(spki).error();
  VerifyingKey half{std::move(*spki), {}};
  half.key_id = sha256_hex(as_text(half.spki));
  return half;
}

Result<Bytes> sign_with(EVP_PKEY* key, std::string_view message) {
  const DigestContext context(EVP_MD_CTX_new());
  const auto* data = reinterpret_cast<const unsigned char*>(message.data());
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, message.size()) != 1) {
    return openssl_error("sign");
  }
  Bytes signature(size);
  if (EVP_DigestSign(context.get(), signature.data(), &size, data, message.size()) != 1) {
    return openssl_error("sign");
  }
  signature.resize(size);
  return signature;
}

Result<bool> verify_with(const VerifyingKey& key, std::string_view message,
                         const Bytes& signature) {
  const Result<PrivateKey> handle = public_key_from_der(key.spki);
  if (!handle) return handle.error();
  const DigestContext context(EVP_MD_CTX_new());
  if (!context ||
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, handle->get()) != 1) {
    return openssl_error("verify a signature");
  }
  const int verified =
      EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                       reinterpret_cast<const unsigned char*>(message.data()), message.size());
  return verified == 1;
}

std::string format(const Envelope& envelope) {
  Json signature;
  signature["keyid"] = envelope.key_id;
  signature["sig"] = to_base64(envelope.signature);
  Json document;
  document["payloadType"] = envelope.payload_type;
  document["payload"] = to_base64(envelope.payload);
  document["signatures"] = Json::array({std::move(signature)});
  return document.dump() + "\n";
}

Error no_envelope(const std::string& why) {
  return Error(ErrorCode::invalid_input, "this is no signed envelope: " + why);
}

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<Envelope> parse(std::string_view text) {
  const Json document = Json::parse(text, nullptr, false);
  if (!document.is_object()) return no_envelope("it is no JSON object");
  const auto signatures = document.find("signatures");
  if (signatures == document.end() || !signatures->is_array() || signatures->size() != 1 ||
      !signatures->front().is_object()) {
    return no_envelope("it has not one signature");
  }
  Envelope envelope;
  envelope.payload_type = text_at(document, "payloadType");
  Result<Bytes> payload = from_base64(text_at(document, "payload"));
  Result<Bytes> signature = from_base64(text_at(signatures->front(), "sig"));
  if (!payload || !signature) return no_envelope("its base64 cannot be read");
  envelope.payload = std::string(as_text(*payload));
  envelope.key_id = text_at(signatures->front(), "keyid");
  envelope.signature = std::move(*signature);
  return envelope;
}

} // namespace

Result<SigningKey> signing_key_from_pem(const Secret& pem) {
  Result<PrivateKey> read = read_private_key(pem);
  if (!read) return std::move(read).error();
  const std::shared_ptr<EVP_PKEY> key(std::move(*read));
  Result<VerifyingKey> half = public_half(key.get());
  if (!half) return std::move(half).error();
  return SigningKey{std::move(*half),
                    [key](std::string_view message) { return sign_with(key.get(), message); }};
}

Result<SigningKey> signing_key_of_token(Token& token, const std::string& label) {
  if (Status made = token.ensure_ec_key(label); !made) return std::move(made).error();
  Result<Bytes> spki = token.public_key(label);
  if (!spki) return std::move(spki).error();
  SigningKey key;
  key.verifying.spki = std::move(*spki);
  key.verifying.key_id = sha256_hex(as_text(key.verifying.spki));
  key.sign = [&token, label](std::string_view message) {
    return token.sign(label, sha256(message));
  };
  return key;
}

Result<VerifyingKey> read_verifying_key(std::string_view pem) {
  const Bio source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const PrivateKey key(PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, nullptr));
  if (!key) return openssl_error("read the public key", ErrorCode::invalid_input);
  return public_half(key.get());
}

Result<std::string> to_pem(const VerifyingKey& key) {
  const Result<PrivateKey> handle = public_key_from_der(key.spki);
  if (!handle) return handle.error();
  const Bio sink(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(sink.get(), handle->get()) != 1) {
    return openssl_error("write a public key");
  }
  return std::string(content_of(sink.get()));
}

std::string pre_authentication_encoding(std::string_view payload_type, std::string_view payload) {
  return "DSSEv1 " + std::to_string(payload_type.size()) + " " + std::string(payload_type) + " " +
         std::to_string(payload.size()) + " " + std::string(payload);
}

Result<std::string> seal_envelope(std::string_view payload_type, std::string_view payload,
                                  const SigningKey& key) {
  Envelope envelope{std::string(payload_type), std::string(payload), key.verifying.key_id, {}};
  Result<Bytes> signature = key.sign(pre_authentication_encoding(payload_type, payload));
  if (!signature) return std::move(signature).error();
  envelope.signature = std::move(*signature);
  return format(envelope);
}

Result<Envelope> open_envelope(std::string_view text, std::string_view payload_type,
                               const std::vector<VerifyingKey>& trusted) {
  Result<Envelope> envelope = parse(text);
  if (!envelope) return envelope;
  const auto key = std::find_if(trusted.begin(), trusted.end(), [&](const VerifyingKey& one) {
    return one.key_id == envelope->key_id;
  });
  if (key == trusted.end()) {
    return Error(ErrorCode::integrity, "it is not signed by a key that is trusted here")
        .with_detail("signed by", envelope->key_id);
  }
  const Result<bool> verified =
      verify_with(*key, pre_authentication_encoding(envelope->payload_type, envelope->payload),
                  envelope->signature);
  if (!verified) return verified.error();
  if (!*verified) return Error(ErrorCode::integrity, "its signature does not verify");
  if (envelope->payload_type != payload_type) {
    return Error(ErrorCode::integrity,
                 "it is signed as " + envelope->payload_type + ", which is something else");
  }
  if (format(*envelope) != text) {
    return Error(ErrorCode::integrity, "its envelope is not written as it was signed");
  }
  return envelope;
}

} // namespace allod::trust
