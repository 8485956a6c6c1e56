// Templates of attributes and searches for the objects in a token (PKCS#11 2.40, section 4).
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <p11-kit/pkcs11.h>

#include "base/encoding.h"

namespace allod::trust {

/// Return values of our own, from the range that PKCS#11 leaves to vendors.
inline constexpr CK_RV kNoSuchKey = CKR_VENDOR_DEFINED | 0x616c6c01UL;
inline constexpr CK_RV kKeyExists = CKR_VENDOR_DEFINED | 0x616c6c02UL;
inline constexpr CK_RV kOddAnswer = CKR_VENDOR_DEFINED | 0x616c6c03UL;

/// A list of attributes that owns its values.
class Template {
 public:
  Template& flag(CK_ATTRIBUTE_TYPE type, bool value);
  Template& number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  Template& bytes(CK_ATTRIBUTE_TYPE type, std::string_view value);
  [[nodiscard]] CK_ATTRIBUTE* data() { return attributes_.data(); }
  [[nodiscard]] CK_ULONG size() const { return attributes_.size(); }

 private:
  Template& add(CK_ATTRIBUTE_TYPE type, std::string value);
  std::deque<std::string> values_; ///< a deque keeps its elements in place
  std::vector<CK_ATTRIBUTE> attributes_;
};

/// Every object that matches, at most 4096.
CK_RV find_objects(CK_FUNCTION_LIST& calls, CK_SESSION_HANDLE session, Template match,
                   std::vector<CK_OBJECT_HANDLE>& found);
/// The key of a class with a label. kNoSuchKey when there is none.
CK_RV find_key(CK_FUNCTION_LIST& calls, CK_SESSION_HANDLE session, CK_OBJECT_CLASS object_class,
               std::string_view label, CK_OBJECT_HANDLE& key);
CK_RV read_attribute(CK_FUNCTION_LIST& calls, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                     CK_ATTRIBUTE_TYPE type, std::string& value);
/// A CK_BBOOL; `fallback` when the token does not tell.
bool read_flag(CK_FUNCTION_LIST& calls, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
               CK_ATTRIBUTE_TYPE type, bool fallback);

} // namespace allod::trust
