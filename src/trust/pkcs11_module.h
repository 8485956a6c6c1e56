// A PKCS#11 module that is loaded into this process, and its return values as Errors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <p11-kit/pkcs11.h>

#include "base/result.h"

namespace allod::trust {

/// "CKR_PIN_INCORRECT", or the number in hex.
[[nodiscard]] std::string ckr_name(CK_RV value);
/// `doing` is what was asked of the token, for instance `sign with "home root"`.
Error ckr_error(CK_RV value, std::string_view doing);
/// A fixed field of a PKCS#11 structure without its padding of blanks.
[[nodiscard]] std::string padded_field(const unsigned char* field, std::size_t size);

/// One use of a module. C_Initialize and C_Finalize act on the whole process, so uses of one module
/// are counted: the first initialises, the last finalises. The library stays mapped: modules leave
/// threads and exit handlers behind, and unmapping their code would crash the process.
class Module {
 public:
  /// `softhsm_folder`: see TokenSettings. Errors: not_found, unsupported (not a PKCS#11 module),
  /// conflict (in use for another SoftHSM folder), io.
  static Result<Module> load(const std::string& path, const std::string& softhsm_folder);
  Module(Module&& other) noexcept;
  Module& operator=(Module&& other) noexcept;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();

  [[nodiscard]] CK_FUNCTION_LIST& calls() const { return *calls_; }
  [[nodiscard]] const std::string& path() const { return path_; }

  /// Slots that hold a token (or every slot). Errors: those of ckr_error.
  Result<std::vector<CK_SLOT_ID>> slots(bool with_token) const;
  /// C_Initialize once more, after somebody else in the process finalised the module.
  Status initialise_again() const;

 private:
  Module(std::string path, CK_FUNCTION_LIST* calls) : path_(std::move(path)), calls_(calls) {}
  void release();
  std::string path_;
  CK_FUNCTION_LIST* calls_ = nullptr;
};

} // namespace allod::trust
