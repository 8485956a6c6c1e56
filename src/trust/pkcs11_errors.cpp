#include <algorithm>
#include <array>
#include <cstdio>

#include "trust/pkcs11_module.h"

namespace allod::trust {
namespace {

struct Known {
  CK_RV value;
  const char* name;
  ErrorCode code;
  const char* hint;
};

constexpr const char* kPinHint =
    "the PIN file does not hold this token's user PIN; every try with a "
    "wrong PIN brings many tokens nearer to locking";
constexpr const char* kLockedHint =
    "the token's security officer can set a new user PIN, for instance with pkcs11-tool --init-pin";
constexpr const char* kRemovedHint = "plug the token in again, or see that the HSM can be reached";

constexpr std::array kKnown = {
    Known{CKR_HOST_MEMORY, "CKR_HOST_MEMORY", ErrorCode::io, ""},
    Known{CKR_SLOT_ID_INVALID, "CKR_SLOT_ID_INVALID", ErrorCode::unavailable, kRemovedHint},
    Known{CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR", ErrorCode::io, ""},
    Known{CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED", ErrorCode::io, ""},
    Known{CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD", ErrorCode::io, ""},
    Known{CKR_ATTRIBUTE_TYPE_INVALID, "CKR_ATTRIBUTE_TYPE_INVALID", ErrorCode::unsupported, ""},
    Known{CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID", ErrorCode::unsupported, ""},
    Known{CKR_DATA_LEN_RANGE, "CKR_DATA_LEN_RANGE", ErrorCode::invalid_input, ""},
    Known{CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR", ErrorCode::io, ""},
    Known{CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY", ErrorCode::io, "the token may be full"},
    Known{CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED", ErrorCode::unavailable, kRemovedHint},
    Known{CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT", ErrorCode::unavailable, kRemovedHint},
    Known{CKR_TOKEN_NOT_RECOGNIZED, "CKR_TOKEN_NOT_RECOGNIZED", ErrorCode::unavailable,
          kRemovedHint},
    Known{CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED", ErrorCode::permission, ""},
    Known{CKR_ENCRYPTED_DATA_INVALID, "CKR_ENCRYPTED_DATA_INVALID", ErrorCode::integrity, ""},
    Known{CKR_ENCRYPTED_DATA_LEN_RANGE, "CKR_ENCRYPTED_DATA_LEN_RANGE", ErrorCode::integrity, ""},
    Known{CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID", ErrorCode::io, ""},
    Known{CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED", ErrorCode::permission,
          "the key was made for another use"},
    Known{CKR_KEY_TYPE_INCONSISTENT, "CKR_KEY_TYPE_INCONSISTENT", ErrorCode::invalid_input, ""},
    Known{CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID", ErrorCode::unsupported, ""},
    Known{CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID", ErrorCode::unsupported,
          "some HSMs refuse a nonce that they did not draw themselves"},
    Known{CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT", ErrorCode::permission, kPinHint},
    Known{CKR_PIN_INVALID, "CKR_PIN_INVALID", ErrorCode::permission, kPinHint},
    Known{CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE", ErrorCode::permission, kPinHint},
    Known{CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED", ErrorCode::permission, "set a new user PIN"},
    Known{CKR_PIN_LOCKED, "CKR_PIN_LOCKED", ErrorCode::permission, kLockedHint},
    Known{CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED", ErrorCode::permission,
          kLockedHint},
    Known{CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", ErrorCode::unavailable, ""},
    Known{CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED", ErrorCode::unavailable, ""},
    Known{CKR_SESSION_COUNT, "CKR_SESSION_COUNT", ErrorCode::unavailable,
          "other programs hold all of the token's sessions"},
    Known{CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID", ErrorCode::unavailable, ""},
    Known{CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED", ErrorCode::unavailable, ""},
};

const Known* find_known(CK_RV value) {
  const auto* known = std::find_if(kKnown.begin(), kKnown.end(),
                                   [&](const Known& entry) { return entry.value == value; });
  return known == kKnown.end() ? nullptr : known;
}

} // namespace

std::string ckr_name(CK_RV value) {
  if (const Known* known = find_known(value)) return known->name;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "CKR 0x%lx", value);
  return text.data();
}

Error ckr_error(CK_RV value, std::string_view doing) {
  const Known* known = find_known(value);
  Error error(known == nullptr ? ErrorCode::io : known->code,
              "the token cannot " + std::string(doing) + ": " + ckr_name(value));
  if (known != nullptr && *known->hint != '\0') return std::move(error).with_hint(known->hint);
  return error;
}

std::string padded_field(const unsigned char* field, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(field), size);
  // Blanks by the standard; some modules end the text with a NUL.
  text.resize(std::min(text.find('\0'), text.size()));
  while (!text.empty() && text.back() == ' ')
    text.pop_back();
  return text;
}

} // namespace allod::trust
