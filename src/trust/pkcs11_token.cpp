#include "trust/pkcs11_token.h"

#include <algorithm>
#include <mutex>

#include <openssl/ecdsa.h>
#include <openssl/x509.h>

#include "base/hash.h"
#include "trust/openssl_handles.h"
#include "trust/pkcs11_objects.h"
#include "trust/pkcs11_session.h"

namespace allod::trust {
namespace {

using Session = CK_SESSION_HANDLE;
using Calls = CK_FUNCTION_LIST;

constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kDigestSize = 32;
constexpr std::size_t kPointSize = 65; ///< 04 || X || Y
/// The object identifier of P-256 (prime256v1, RFC 5480) in DER.
constexpr std::string_view kP256("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10);
/// SubjectPublicKeyInfo of a P-256 key up to the point.
constexpr std::string_view kP256KeyPrefix(
    "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
    "\x03\x42\x00",
    26);

CK_BYTE* bytes_of(const Bytes& bytes) {
  return const_cast<CK_BYTE*>(bytes.data()); // PKCS#11 takes its input by pointers to non-const
}
CK_BYTE* bytes_of(std::string_view text) {
  return reinterpret_cast<CK_BYTE*>(const_cast<char*>(text.data()));
}

/// CKA_ID ties the halves of a pair together.
std::string id_of(std::string_view label) {
  return std::string(as_text(sha256(label)).substr(0, 20));
}

CK_RV key_must_be_new(Calls& calls, Session session, std::string_view label) {
  for (const CK_OBJECT_CLASS kind : {CKO_PRIVATE_KEY, CKO_SECRET_KEY}) {
    CK_OBJECT_HANDLE key = 0;
    const CK_RV value = find_key(calls, session, kind, label, key);
    if (value != kNoSuchKey) return value == CKR_OK ? kKeyExists : value;
  }
  return CKR_OK;
}

CK_RV make_ec_pair(Calls& calls, Session session, std::string_view label) {
  if (const CK_RV value = key_must_be_new(calls, session, label); value != CKR_OK) return value;
  Template open_half;
  open_half.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, false).flag(CKA_VERIFY, true);
  open_half.bytes(CKA_LABEL, label).bytes(CKA_ID, id_of(label)).bytes(CKA_EC_PARAMS, kP256);
  Template closed_half;
  closed_half.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true);
  closed_half.flag(CKA_EXTRACTABLE, false).flag(CKA_SIGN, true);
  closed_half.bytes(CKA_LABEL, label).bytes(CKA_ID, id_of(label));
  CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  CK_OBJECT_HANDLE open_key = 0;
  CK_OBJECT_HANDLE closed_key = 0;
  return calls.C_GenerateKeyPair(session, &mechanism, open_half.data(), open_half.size(),
                                 closed_half.data(), closed_half.size(), &open_key, &closed_key);
}

CK_RV make_aes(Calls& calls, Session session, std::string_view label) {
  if (const CK_RV value = key_must_be_new(calls, session, label); value != CKR_OK) return value;
  Template attributes;
  attributes.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true);
  attributes.flag(CKA_EXTRACTABLE, false).flag(CKA_ENCRYPT, true).flag(CKA_DECRYPT, true);
  attributes.flag(CKA_WRAP, false).flag(CKA_UNWRAP, false);
  attributes.bytes(CKA_LABEL, label).bytes(CKA_ID, id_of(label)).number(CKA_VALUE_LEN, 32);
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE key = 0;
  return calls.C_GenerateKey(session, &mechanism, attributes.data(), attributes.size(), &key);
}

CK_RV destroy_key(Calls& calls, Session session, std::string_view label) {
  bool destroyed = false;
  for (const CK_OBJECT_CLASS kind : {CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_PUBLIC_KEY}) {
    CK_OBJECT_HANDLE key = 0;
    CK_RV value = find_key(calls, session, kind, label, key);
    if (value == CKR_OK) {
      value = calls.C_DestroyObject(session, key);
      destroyed = true;
    }
    if (value != CKR_OK && value != kNoSuchKey) return value;
  }
  return destroyed ? CKR_OK : kNoSuchKey;
}

CK_RV read_point(Calls& calls, Session session, std::string_view label, std::string& point) {
  CK_OBJECT_HANDLE key = 0;
  CK_RV value = find_key(calls, session, CKO_PUBLIC_KEY, label, key);
  if (value != CKR_OK) return value;
  value = read_attribute(calls, session, key, CKA_EC_POINT, point);
  if (value != CKR_OK) return value;
  // An OCTET STRING by the standard; some tokens give the point bare.
  if (point.size() == kPointSize + 2 && point[0] == 0x04 && point[1] == 0x41) point.erase(0, 2);
  return point.size() == kPointSize && point[0] == 0x04 ? CKR_OK : kOddAnswer;
}

CK_RV sign_raw(Calls& calls, Session session, std::string_view label, const Bytes& digest,
               Bytes& signature) {
  CK_OBJECT_HANDLE key = 0;
  CK_RV value = find_key(calls, session, CKO_PRIVATE_KEY, label, key);
  if (value != CKR_OK) return value;
  CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
  value = calls.C_SignInit(session, &mechanism, key);
  if (value != CKR_OK) return value;
  signature.assign(128, 0);
  CK_ULONG size = signature.size();
  value = calls.C_Sign(session, bytes_of(digest), digest.size(), signature.data(), &size);
  signature.resize(value == CKR_OK ? size : 0);
  return value == CKR_OK && size != 64 ? kOddAnswer : value;
}

/// r || s (PKCS#11) as ECDSA-Sig-Value.
Result<Bytes> signature_to_der(const Bytes& raw) {
  EcdsaSignature signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(raw.data(), 32, nullptr);
  BIGNUM* s = BN_bin2bn(raw.data() + 32, 32, nullptr);
  if (!signature || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return openssl_error("encode a signature");
  }
  return to_der(signature.get(), i2d_ECDSA_SIG, "encode a signature");
}

CK_GCM_PARAMS gcm_parameters(const CK_BYTE* nonce, std::string_view associated_data) {
  CK_GCM_PARAMS parameters{};
  parameters.pIv = const_cast<CK_BYTE*>(nonce);
  parameters.ulIvLen = kNonceSize;
  parameters.ulIvBits = kNonceSize * 8;
  parameters.pAAD = associated_data.empty() ? nullptr : bytes_of(associated_data);
  parameters.ulAADLen = associated_data.size();
  parameters.ulTagBits = kTagSize * 8;
  return parameters;
}

CK_RV gcm_encrypt(Calls& calls, Session session, std::string_view label, std::string_view plaintext,
                  std::string_view associated_data, Bytes& sealed) {
  CK_OBJECT_HANDLE key = 0;
  CK_RV value = find_key(calls, session, CKO_SECRET_KEY, label, key);
  if (value != CKR_OK) return value;
  sealed = random_bytes(kNonceSize);
  sealed.resize(kNonceSize + plaintext.size() + kTagSize);
  CK_GCM_PARAMS parameters = gcm_parameters(sealed.data(), associated_data);
  CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof parameters};
  value = calls.C_EncryptInit(session, &mechanism, key);
  if (value != CKR_OK) return value;
  CK_ULONG size = sealed.size() - kNonceSize;
  value = calls.C_Encrypt(session, bytes_of(plaintext), plaintext.size(),
                          sealed.data() + kNonceSize, &size);
  if (value != CKR_OK) return value;
  return size == plaintext.size() + kTagSize ? CKR_OK : kOddAnswer;
}

CK_RV gcm_decrypt(Calls& calls, Session session, std::string_view label, const Bytes& sealed,
                  std::string_view associated_data, std::string& plaintext) {
  CK_OBJECT_HANDLE key = 0;
  CK_RV value = find_key(calls, session, CKO_SECRET_KEY, label, key);
  if (value != CKR_OK) return value;
  CK_GCM_PARAMS parameters = gcm_parameters(sealed.data(), associated_data);
  CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof parameters};
  value = calls.C_DecryptInit(session, &mechanism, key);
  if (value != CKR_OK) return value;
  plaintext.assign(sealed.size(), '\0'); // room for tokens that want more than they fill
  CK_ULONG size = plaintext.size();
  value = calls.C_Decrypt(session, bytes_of(sealed) + kNonceSize, sealed.size() - kNonceSize,
                          bytes_of(plaintext), &size);
  if (value != CKR_OK || size > plaintext.size()) {
    wipe(plaintext);
    return value != CKR_OK ? value : kOddAnswer;
  }
  plaintext.resize(size);
  return CKR_OK;
}

/// Modules differ in how they say that a tag does not verify; SoftHSM says CKR_GENERAL_ERROR.
bool may_be_a_bad_tag(CK_RV value) {
  constexpr CK_RV kAeadDecryptFailed = 0x42; // PKCS#11 3.0
  return value == CKR_ENCRYPTED_DATA_INVALID || value == CKR_ENCRYPTED_DATA_LEN_RANGE ||
         value == kAeadDecryptFailed || value == CKR_GENERAL_ERROR ||
         value == CKR_FUNCTION_FAILED || value == CKR_DATA_INVALID;
}

KeyKind kind_of(Calls& calls, Session session, CK_OBJECT_HANDLE key, CK_OBJECT_CLASS object_class) {
  std::string type;
  std::string detail;
  if (read_attribute(calls, session, key, CKA_KEY_TYPE, type) != CKR_OK) return KeyKind::other;
  CK_KEY_TYPE number = 0;
  if (type.size() != sizeof number) return KeyKind::other;
  std::copy(type.begin(), type.end(), reinterpret_cast<char*>(&number));
  if (object_class == CKO_SECRET_KEY) {
    CK_ULONG size = 0;
    if (number != CKK_AES || read_attribute(calls, session, key, CKA_VALUE_LEN, detail) != CKR_OK ||
        detail.size() != sizeof size) {
      return KeyKind::other;
    }
    std::copy(detail.begin(), detail.end(), reinterpret_cast<char*>(&size));
    return size == 32 ? KeyKind::aes_256 : KeyKind::other;
  }
  const bool p256 = number == CKK_EC &&
                    read_attribute(calls, session, key, CKA_EC_PARAMS, detail) == CKR_OK &&
                    detail == kP256;
  return p256 ? KeyKind::ec_p256 : KeyKind::other;
}

CK_RV list_of_class(Calls& calls, Session session, CK_OBJECT_CLASS object_class,
                    std::vector<KeyInfo>& keys) {
  Template match;
  match.number(CKA_CLASS, object_class).flag(CKA_TOKEN, true);
  std::vector<CK_OBJECT_HANDLE> found;
  CK_RV value = find_objects(calls, session, std::move(match), found);
  for (const CK_OBJECT_HANDLE key : found) {
    if (value != CKR_OK) return value;
    KeyInfo info;
    value = read_attribute(calls, session, key, CKA_LABEL, info.label);
    info.kind = kind_of(calls, session, key, object_class);
    info.sensitive = read_flag(calls, session, key, CKA_SENSITIVE, false);
    info.extractable = read_flag(calls, session, key, CKA_EXTRACTABLE, true);
    keys.push_back(std::move(info));
  }
  return value;
}

std::string quoted(std::string_view label) {
  return "\"" + std::string(label) + "\"";
}

} // namespace

struct Token::State {
  explicit State(TokenSession open_session) : session(std::move(open_session)) {}

  Result<CK_RV> attempt(const TokenSession::Attempt& attempt) {
    const std::lock_guard lock(mutex);
    return session.attempt(attempt);
  }

  Status begin_anew() {
    const std::lock_guard lock(mutex);
    return session.begin_anew();
  }

  /// An attempt that must succeed; `doing` for the message.
  Status perform(const std::string& doing, std::string_view label,
                 const TokenSession::Attempt& work) {
    const Result<CK_RV> value = attempt(work);
    if (!value) return value.error();
    return explain(*value, doing, label);
  }

  static Status explain(CK_RV value, const std::string& doing, std::string_view label) {
    if (value == CKR_OK) return {};
    if (value == kNoSuchKey) {
      return Error(ErrorCode::not_found,
                   "the token holds no key " + quoted(label) + " to " + doing);
    }
    if (value == kKeyExists) {
      return Error(ErrorCode::already_exists,
                   "the token holds a key " + quoted(label) + " already");
    }
    if (value == kOddAnswer) {
      return Error(ErrorCode::io,
                   "the token gave an answer of a wrong size when asked to " + doing);
    }
    return ckr_error(value, doing + " " + quoted(label));
  }

  std::mutex mutex;
  TokenSession session;
};

Token::Token(std::unique_ptr<State> state) : state_(std::move(state)) {}
Token::Token(Token&&) noexcept = default;
Token& Token::operator=(Token&&) noexcept = default;
Token::~Token() = default;

Result<Token> Token::open(const TokenSettings& settings) {
  Result<Module> module = Module::load(settings.module, settings.softhsm_folder);
  if (!module) return std::move(module).error();
  Result<TokenSession> session = TokenSession::open(std::move(*module), settings);
  if (!session) return std::move(session).error();
  return Token(std::make_unique<State>(std::move(*session)));
}

bool Token::is_software() const {
  return description().software;
}

const TokenDescription& Token::description() const {
  return state_->session.description();
}

std::string TokenDescription::line() const {
  return "token \"" + token_label + "\" (" + token_model + ", " + manufacturer + ")" +
         (software ? ": software, for trying out only" : "");
}

Result<std::vector<KeyInfo>> Token::list_keys() {
  std::vector<KeyInfo> keys;
  const Status listed =
      state_->perform("list", "keys", [&](Calls& calls, Session session) -> CK_RV {
        keys.clear();
        const CK_RV value = list_of_class(calls, session, CKO_PRIVATE_KEY, keys);
        return value != CKR_OK ? value : list_of_class(calls, session, CKO_SECRET_KEY, keys);
      });
  if (!listed) return listed.error();
  std::sort(keys.begin(), keys.end(),
            [](const KeyInfo& a, const KeyInfo& b) { return a.label < b.label; });
  return keys;
}

Result<bool> Token::has_key(std::string_view label) {
  const TokenSession::Attempt look = [&](Calls& calls, Session session) {
    return key_must_be_new(calls, session, label);
  };
  Result<CK_RV> value = state_->attempt(look);
  // A token of files goes on as it was when they were away; one of hardware says that it was
  // removed. A PIN that was refused is not tried again for this.
  const bool missing = value ? *value == CKR_OK : value.error().code() != ErrorCode::permission;
  if (missing && is_software()) {
    if (Status begun = state_->begin_anew(); !begun) return std::move(begun).error();
    value = state_->attempt(look);
  }
  if (!value) return value.error();
  if (*value == kKeyExists) return true;
  if (*value == CKR_OK) return false;
  return ckr_error(*value, "look for " + quoted(label));
}

Status Token::generate_ec_key(std::string_view label) {
  return state_->perform("make the key pair", label, [&](Calls& calls, Session session) {
    return make_ec_pair(calls, session, label);
  });
}

Status Token::generate_aes_key(std::string_view label) {
  return state_->perform("make the key", label, [&](Calls& calls, Session session) {
    return make_aes(calls, session, label);
  });
}

Status Token::ensure_ec_key(std::string_view label) {
  Status made = generate_ec_key(label);
  if (!made && made.error().code() == ErrorCode::already_exists) return {};
  return made;
}

Status Token::ensure_aes_key(std::string_view label) {
  Status made = generate_aes_key(label);
  if (!made && made.error().code() == ErrorCode::already_exists) return {};
  return made;
}

Status Token::delete_key(std::string_view label) {
  return state_->perform("delete", label, [&](Calls& calls, Session session) {
    return destroy_key(calls, session, label);
  });
}

Result<Bytes> Token::public_key(std::string_view label) {
  std::string point;
  const Status read =
      state_->perform("read the public key", label, [&](Calls& calls, Session session) {
        return read_point(calls, session, label, point);
      });
  if (!read) return read.error();
  return to_bytes(std::string(kP256KeyPrefix) + point);
}

Result<Bytes> Token::sign(std::string_view label, const Bytes& digest) {
  if (digest.size() != kDigestSize) {
    return Error(ErrorCode::invalid_input, "a digest to sign has 32 bytes");
  }
  Bytes raw;
  const Status done = state_->perform("sign with", label, [&](Calls& calls, Session session) {
    return sign_raw(calls, session, label, digest, raw);
  });
  if (!done) return done.error();
  return signature_to_der(raw);
}

Result<Bytes> Token::encrypt(std::string_view label, std::string_view plaintext,
                             std::string_view associated_data) {
  Bytes sealed;
  const Status done = state_->perform("encrypt with", label, [&](Calls& calls, Session session) {
    return gcm_encrypt(calls, session, label, plaintext, associated_data, sealed);
  });
  if (!done) return done.error();
  return sealed;
}

Result<Secret> Token::decrypt(std::string_view label, const Bytes& sealed,
                              std::string_view associated_data) {
  const Error forged(ErrorCode::integrity, "the sealed data does not verify with the key " +
                                               quoted(label) +
                                               ": altered, or sealed for another use");
  if (sealed.size() < kNonceSize + kTagSize) return forged;
  std::string plaintext;
  const Result<CK_RV> value = state_->attempt([&](Calls& calls, Session session) {
    return gcm_decrypt(calls, session, label, sealed, associated_data, plaintext);
  });
  if (!value) return value.error();
  if (*value == CKR_OK) return Secret(std::move(plaintext));
  // A token that can still encrypt is sound, so it is the data that is not.
  if (may_be_a_bad_tag(*value) && encrypt(label, "probe", "").ok()) return forged;
  return State::explain(*value, "decrypt with", label).error();
}

} // namespace allod::trust
