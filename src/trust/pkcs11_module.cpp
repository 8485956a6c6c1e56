#include "trust/pkcs11_module.h"

#include <map>
#include <mutex>
#include <utility>

#include <dlfcn.h>

#include "base/files.h"
#include "trust/softhsm.h"

namespace allod::trust {
namespace {

struct Loaded {
  CK_FUNCTION_LIST* calls = nullptr;
  std::string softhsm_folder;
  int uses = 0;
  bool ours = false; ///< we called C_Initialize, so we call C_Finalize
};

// A module's state belongs to the process, not to any object of ours; this table mirrors it.
struct Table {
  std::mutex mutex;
  std::map<std::string, Loaded> modules;
};

Table& table() {
  static Table instance;
  return instance;
}

Result<CK_FUNCTION_LIST*> open_library(const std::string& path) {
  if (!exists(path)) {
    const std::string softhsm = find_softhsm_module();
    return Error(ErrorCode::not_found, "there is no PKCS#11 module at " + path)
        .with_hint(softhsm.empty() ? "install the module of your HSM, or SoftHSM (package "
                                     "softhsm2) for trying out"
                                   : "SoftHSM's is at " + softhsm);
  }
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    return Error(ErrorCode::unsupported,
                 "cannot load the PKCS#11 module: " + std::string(dlerror()));
  }
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* calls = nullptr;
  if (get == nullptr || get(&calls) != CKR_OK || calls == nullptr) {
    return Error(ErrorCode::unsupported, path + " is a library, but no PKCS#11 module");
  }
  return calls;
}

CK_RV initialise(CK_FUNCTION_LIST& calls) {
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  return calls.C_Initialize(&arguments);
}

Result<Loaded> load_first(const std::string& path, const std::string& softhsm_folder) {
  if (!softhsm_folder.empty()) {
    if (Status set = use_softhsm_folder(softhsm_folder); !set) return std::move(set).error();
  }
  Result<CK_FUNCTION_LIST*> calls = open_library(path);
  if (!calls) return std::move(calls).error();
  const CK_RV value = initialise(**calls);
  if (value != CKR_OK && value != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
    return ckr_error(value, "be initialised by its module " + path);
  }
  return Loaded{*calls, softhsm_folder, 0, value == CKR_OK};
}

} // namespace

Result<Module> Module::load(const std::string& path, const std::string& softhsm_folder) {
  Table& all = table();
  const std::lock_guard lock(all.mutex);
  auto at = all.modules.find(path);
  if (at == all.modules.end()) {
    Result<Loaded> loaded = load_first(path, softhsm_folder);
    if (!loaded) return std::move(loaded).error();
    at = all.modules.emplace(path, std::move(*loaded)).first;
  } else if (at->second.softhsm_folder != softhsm_folder) {
    return Error(ErrorCode::conflict, "this process has SoftHSM open with the folder " +
                                          at->second.softhsm_folder + "; it cannot open " +
                                          softhsm_folder + " beside it");
  }
  ++at->second.uses;
  return Module(path, at->second.calls);
}

Module::Module(Module&& other) noexcept
    : path_(std::move(other.path_)), calls_(std::exchange(other.calls_, nullptr)) {}

Module& Module::operator=(Module&& other) noexcept {
  if (this != &other) {
    release();
    path_ = std::move(other.path_);
    calls_ = std::exchange(other.calls_, nullptr);
  }
  return *this;
}

Module::~Module() {
  release();
}

void Module::release() {
  if (calls_ == nullptr) return;
  Table& all = table();
  const std::lock_guard lock(all.mutex);
  const auto at = all.modules.find(path_);
  calls_ = nullptr;
  if (at == all.modules.end() || --at->second.uses > 0) return;
  if (at->second.ours) at->second.calls->C_Finalize(nullptr);
  all.modules.erase(at);
}

Result<std::vector<CK_SLOT_ID>> Module::slots(bool with_token) const {
  const CK_BBOOL present = with_token ? CK_TRUE : CK_FALSE;
  std::vector<CK_SLOT_ID> ids;
  // The number may grow between the two calls.
  for (int attempt = 0; attempt < 5; ++attempt) {
    CK_ULONG count = 0;
    CK_RV value = calls_->C_GetSlotList(present, nullptr, &count);
    if (value != CKR_OK) return ckr_error(value, "list its slots");
    ids.resize(count);
    value = calls_->C_GetSlotList(present, ids.data(), &count);
    if (value == CKR_BUFFER_TOO_SMALL) continue;
    if (value != CKR_OK) return ckr_error(value, "list its slots");
    ids.resize(count);
    return ids;
  }
  return Error(ErrorCode::io, "the token's slots change all the time");
}

Status Module::initialise_again() const {
  const CK_RV value = initialise(*calls_);
  if (value != CKR_OK && value != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
    return ckr_error(value, "be initialised again");
  }
  return {};
}

} // namespace allod::trust
