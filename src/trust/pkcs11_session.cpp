#include "trust/pkcs11_session.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "trust/secret_file.h"

namespace allod::trust {
namespace {

struct Found {
  CK_SLOT_ID slot = 0;
  CK_TOKEN_INFO token{};
};

std::string label_of(const CK_TOKEN_INFO& token) {
  return padded_field(token.label, sizeof token.label);
}

Error no_such_label(const std::string& label, const std::vector<std::string>& labels) {
  Error error(ErrorCode::not_found, "there is no token with the label \"" + label + "\"");
  if (labels.empty())
    return std::move(error).with_hint("the module has no token that is initialised");
  const std::string near = nearest(label, labels);
  return std::move(error).with_hint((near.empty() ? "" : "did you mean \"" + near + "\"? ") +
                                    "the module has: " + join(labels, ", "));
}

Result<Found> find_token(const Module& module, const std::string& label) {
  Result<std::vector<CK_SLOT_ID>> slots = module.slots(true);
  if (!slots) return std::move(slots).error();
  std::vector<std::string> labels;
  std::optional<Found> found;
  for (const CK_SLOT_ID slot : *slots) {
    CK_TOKEN_INFO token{};
    if (module.calls().C_GetTokenInfo(slot, &token) != CKR_OK) continue;
    if ((token.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
    labels.push_back(label_of(token));
    if (labels.back() != label) continue;
    if (found) {
      return Error(ErrorCode::conflict, "two tokens have the label \"" + label + "\"")
          .with_hint("give one of them another label");
    }
    found = Found{slot, token};
  }
  if (!found) return no_such_label(label, labels);
  return *found;
}

TokenDescription describe(const Module& module, const Found& found) {
  TokenDescription text;
  text.module = module.path();
  CK_INFO library{};
  if (module.calls().C_GetInfo(&library) == CKR_OK) {
    text.manufacturer = padded_field(library.manufacturerID, sizeof library.manufacturerID);
    text.library = padded_field(library.libraryDescription, sizeof library.libraryDescription);
  }
  text.token_label = label_of(found.token);
  text.token_model = padded_field(found.token.model, sizeof found.token.model);
  text.token_serial = padded_field(found.token.serialNumber, sizeof found.token.serialNumber);
  CK_SLOT_INFO slot{};
  const bool hardware =
      module.calls().C_GetSlotInfo(found.slot, &slot) == CKR_OK && (slot.flags & CKF_HW_SLOT) != 0;
  text.software = !hardware || text.manufacturer.find("SoftHSM") != std::string::npos;
  return text;
}

Status check_mechanisms(const Module& module, CK_SLOT_ID slot) {
  struct Needed {
    CK_MECHANISM_TYPE type;
    const char* name;
  };
  constexpr std::array kNeeded = {
      Needed{CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN"}, Needed{CKM_ECDSA, "CKM_ECDSA"},
      Needed{CKM_AES_KEY_GEN, "CKM_AES_KEY_GEN"}, Needed{CKM_AES_GCM, "CKM_AES_GCM"}};
  std::vector<std::string> missing;
  for (const Needed& needed : kNeeded) {
    CK_MECHANISM_INFO info{};
    if (module.calls().C_GetMechanismInfo(slot, needed.type, &info) != CKR_OK) {
      missing.emplace_back(needed.name);
    }
  }
  if (missing.empty()) return {};
  return Error(ErrorCode::unsupported, "the token cannot do " + join(missing, ", "));
}

bool session_is_lost(CK_RV value) {
  switch (value) {
  case CKR_SESSION_HANDLE_INVALID:
  case CKR_SESSION_CLOSED:
  case CKR_USER_NOT_LOGGED_IN:
  case CKR_DEVICE_REMOVED:
  case CKR_TOKEN_NOT_PRESENT:
  case CKR_SLOT_ID_INVALID:
  case CKR_KEY_HANDLE_INVALID:
  case CKR_OBJECT_HANDLE_INVALID:
  case CKR_CRYPTOKI_NOT_INITIALIZED:
    return true;
  default:
    return false;
  }
}

std::string pin_path(const std::string& source) {
  constexpr std::string_view kScheme = "file:";
  if (source.compare(0, kScheme.size(), kScheme) != 0) return source;
  const std::string path = source.substr(kScheme.size());
  return path.compare(0, 3, "///") == 0 ? path.substr(2) : path; // file:///path
}

Status check_tries(const CK_TOKEN_INFO& token, const std::string& label) {
  if ((token.flags & CKF_USER_PIN_LOCKED) != 0) return ckr_error(CKR_PIN_LOCKED, "log in");
  if ((token.flags & CKF_USER_PIN_FINAL_TRY) == 0) return {};
  return Error(ErrorCode::permission,
               "one more wrong PIN would lock the token \"" + label + "\"; it was not tried")
      .with_hint("check the PIN file, then log in once by hand, for instance with "
                 "pkcs11-tool --login --test");
}

} // namespace

Result<TokenSession> TokenSession::open(Module module, const TokenSettings& settings) {
  TokenSession session(std::move(module), settings);
  if (Status connected = session.connect(); !connected) return std::move(connected).error();
  return session;
}

TokenSession::TokenSession(TokenSession&& other) noexcept
    : module_(std::move(other.module_)), settings_(std::move(other.settings_)),
      description_(std::move(other.description_)),
      session_(std::exchange(other.session_, CK_INVALID_HANDLE)), pin_refused_(other.pin_refused_) {
}

TokenSession::~TokenSession() {
  close();
}

void TokenSession::close() {
  if (session_ != CK_INVALID_HANDLE) module_.calls().C_CloseSession(session_);
  session_ = CK_INVALID_HANDLE;
}

Status TokenSession::begin_anew() {
  close();
  module_.calls().C_Finalize(nullptr);
  return module_.initialise_again();
}

Status TokenSession::connect() {
  Result<Found> found = find_token(module_, settings_.label);
  if (!found) return std::move(found).error();
  TokenDescription description = describe(module_, *found);
  if (!description_.token_serial.empty() && description_.token_serial != description.token_serial) {
    return Error(ErrorCode::conflict, "another token took the place of \"" + settings_.label +
                                          "\" (its serial number differs)");
  }
  if (description_.module.empty()) {
    if (Status able = check_mechanisms(module_, found->slot); !able) return able;
  }
  description_ = std::move(description);
  const CK_RV opened = calls().C_OpenSession(found->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                             nullptr, nullptr, &session_);
  if (opened != CKR_OK) {
    session_ = CK_INVALID_HANDLE;
    return ckr_error(opened, "open a session");
  }
  Status logged_in = login(found->token);
  if (!logged_in) close();
  return logged_in;
}

Status TokenSession::login(const CK_TOKEN_INFO& token) {
  if (pin_refused_) {
    return Error(ErrorCode::permission, "the token refused the PIN before; it is not tried again")
        .with_hint("correct the PIN file and restart");
  }
  if (Status tries = check_tries(token, settings_.label); !tries) return tries;
  // A token with a keypad of its own asks for the PIN itself.
  const bool keypad = (token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
  Secret pin;
  if (!settings_.pin_source.empty()) {
    Result<Secret> read = read_secret_file(pin_path(settings_.pin_source));
    if (!read)
      return std::move(read).error().during("reading the PIN of token \"" + settings_.label + "\"");
    pin = std::move(*read);
  } else if (!keypad) {
    return Error(ErrorCode::invalid_input,
                 "no PIN file is named for token \"" + settings_.label + "\"");
  }
  std::string digits(pin.reveal()); // C_Login takes a pointer to non-const
  const CK_RV value = calls().C_Login(
      session_, CKU_USER, digits.empty() ? nullptr : reinterpret_cast<CK_UTF8CHAR*>(digits.data()),
      digits.size());
  wipe(digits);
  if (value == CKR_OK || value == CKR_USER_ALREADY_LOGGED_IN) return {};
  pin_refused_ = value == CKR_PIN_INCORRECT || value == CKR_PIN_LOCKED;
  return ckr_error(value, "log in to \"" + settings_.label + "\"");
}

Result<CK_RV> TokenSession::attempt(const Attempt& attempt) {
  if (session_ != CK_INVALID_HANDLE) {
    const CK_RV value = attempt(calls(), session_);
    if (!session_is_lost(value)) return value;
    close();
    if (value == CKR_CRYPTOKI_NOT_INITIALIZED) {
      if (Status again = module_.initialise_again(); !again) return std::move(again).error();
    }
  }
  if (Status connected = connect(); !connected) {
    return std::move(connected).error().during("opening the token again");
  }
  return attempt(calls(), session_);
}

} // namespace allod::trust
