#include "trust/softhsm.h"

#include <array>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include <sys/stat.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/secret.h"
#include "trust/pkcs11_module.h"

namespace allod::trust {
namespace {

constexpr const char* kVariable = "SOFTHSM2_CONF";
constexpr std::size_t kPinLength = 32;
constexpr std::size_t kLongestLabel = 32;

std::string configuration_file(const std::string& folder) {
  return folder + "/softhsm2.conf";
}

std::size_t thread_count() {
  const Result<std::vector<std::string>> tasks = list_directory("/proc/self/task");
  return tasks ? tasks->size() : 1;
}

/// A thread that was joined is listed for a moment longer, hence the wait.
bool is_single_threaded() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  while (thread_count() > 1) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

std::string configuration(const std::string& folder) {
  return "# Written by allod.\n"
         "directories.tokendir = " +
         folder +
         "/tokens\n"
         "objectstore.backend = file\n"
         "log.level = ERROR\n"
         "slots.removable = false\n"
         "slots.mechanisms = ALL\n";
}

Status prepare_folder(const std::string& folder) {
  if (Status made = make_directories(folder, 0700); !made) return made;
  if (::chmod(folder.c_str(), 0700) != 0) return errno_error("chmod " + folder);
  // Without a recorded PIN nobody ever used what is here.
  if (Status removed = remove_tree(folder + "/tokens"); !removed) return removed;
  if (Status made = make_directories(folder + "/tokens", 0700); !made) return made;
  return write_file(configuration_file(folder), configuration(folder), {.sync = true});
}

/// PKCS#11 wants 32 bytes, padded with blanks.
std::array<CK_UTF8CHAR, kLongestLabel> padded_label(std::string_view label) {
  std::array<CK_UTF8CHAR, kLongestLabel> padded{};
  padded.fill(' ');
  for (std::size_t i = 0; i < label.size(); ++i)
    padded[i] = static_cast<CK_UTF8CHAR>(label[i]);
  return padded;
}

Result<CK_SLOT_ID> slot_with_label(const Module& module, std::string_view label) {
  Result<std::vector<CK_SLOT_ID>> slots = module.slots(true);
  if (!slots) return std::move(slots).error();
  for (const CK_SLOT_ID slot : *slots) {
    CK_TOKEN_INFO token{};
    const bool found = module.calls().C_GetTokenInfo(slot, &token) == CKR_OK &&
                       (token.flags & CKF_TOKEN_INITIALIZED) != 0 &&
                       padded_field(token.label, sizeof token.label) == label;
    if (found) return slot;
  }
  return Error(ErrorCode::io, "SoftHSM does not show the token that it made");
}

CK_UTF8CHAR* characters(std::string& text) {
  return reinterpret_cast<CK_UTF8CHAR*>(text.data());
}

CK_RV set_user_pin(CK_FUNCTION_LIST& calls, CK_SESSION_HANDLE session, std::string& officer_pin,
                   std::string& pin) {
  const CK_RV value = calls.C_Login(session, CKU_SO, characters(officer_pin), officer_pin.size());
  if (value != CKR_OK) return value;
  const CK_RV set = calls.C_InitPIN(session, characters(pin), pin.size());
  calls.C_Logout(session);
  return set;
}

Status make_token(const Module& module, std::string_view label, std::string& officer_pin,
                  std::string& pin) {
  Result<std::vector<CK_SLOT_ID>> slots = module.slots(false);
  if (!slots) return std::move(slots).error();
  if (slots->empty()) return Error(ErrorCode::io, "SoftHSM has no free slot");
  std::array<CK_UTF8CHAR, kLongestLabel> padded = padded_label(label);
  CK_FUNCTION_LIST& calls = module.calls();
  CK_RV value =
      calls.C_InitToken(slots->back(), characters(officer_pin), officer_pin.size(), padded.data());
  if (value != CKR_OK) return ckr_error(value, "be initialised");
  // SoftHSM moves the token to a slot of its own.
  Result<CK_SLOT_ID> slot = slot_with_label(module, label);
  if (!slot) return std::move(slot).error();
  CK_SESSION_HANDLE session = 0;
  value =
      calls.C_OpenSession(*slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session);
  if (value != CKR_OK) return ckr_error(value, "open a session");
  value = set_user_pin(calls, session, officer_pin, pin);
  calls.C_CloseSession(session);
  return value == CKR_OK ? Status() : Status(ckr_error(value, "take a user PIN"));
}

} // namespace

std::string find_softhsm_module() {
  for (const char* path :
       {"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/lib64/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"}) {
    if (exists(path)) return path;
  }
  return {};
}

Status use_softhsm_folder(const std::string& folder) {
  const std::string file = configuration_file(folder);
  const char* present = std::getenv(kVariable);
  if (present != nullptr && present == file) return {};
  if (!is_single_threaded()) {
    return Error(ErrorCode::conflict,
                 std::string(kVariable) + " must be set before the process starts threads")
        .with_hint("open the token first, or call use_softhsm_folder at the start of main");
  }
  if (::setenv(kVariable, file.c_str(), 1) != 0) return errno_error("set the environment");
  return {};
}

Result<TokenSettings> initialise_softhsm(const std::string& folder, std::string_view label,
                                         const std::string& module_path) {
  if (label.empty() || label.size() > kLongestLabel) {
    return Error(ErrorCode::invalid_input, "a token's label has 1 to 32 bytes");
  }
  if (folder.empty() || folder.front() != '/') {
    return Error(ErrorCode::invalid_input,
                 "the folder of a SoftHSM token must be an absolute path");
  }
  TokenSettings settings;
  settings.module = module_path.empty() ? find_softhsm_module() : module_path;
  settings.label = std::string(label);
  settings.pin_source = folder + "/pin";
  settings.softhsm_folder = folder;
  if (settings.module.empty()) {
    return Error(ErrorCode::not_found, "SoftHSM is not installed").with_hint("install softhsm2");
  }
  if (exists(settings.pin_source)) return settings;
  if (Status prepared = prepare_folder(folder); !prepared) return std::move(prepared).error();
  Result<Module> module = Module::load(settings.module, folder);
  if (!module) return std::move(module).error();
  std::string officer_pin = random_password(kPinLength);
  std::string pin = random_password(kPinLength);
  Status made = make_token(*module, label, officer_pin, pin);
  // The PIN is recorded last: a folder with a PIN holds a token that is complete.
  if (made) made = write_file(settings.pin_source, pin, {.mode = 0600, .sync = true});
  wipe(officer_pin);
  wipe(pin);
  if (!made) return std::move(made).error().during("making the SoftHSM token in " + folder);
  return settings;
}

} // namespace allod::trust
