#include "trust/pkcs11_objects.h"

#include <array>
#include <cstring>

namespace allod::trust {
namespace {

template<class T>
std::string raw(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

constexpr std::size_t kMostObjects = 4096;

} // namespace

Template& Template::add(CK_ATTRIBUTE_TYPE type, std::string value) {
  std::string& kept = values_.emplace_back(std::move(value));
  attributes_.push_back({type, kept.data(), kept.size()});
  return *this;
}

Template& Template::flag(CK_ATTRIBUTE_TYPE type, bool value) {
  return add(type, raw(static_cast<CK_BBOOL>(value ? CK_TRUE : CK_FALSE)));
}

Template& Template::number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  return add(type, raw(value));
}

Template& Template::bytes(CK_ATTRIBUTE_TYPE type, std::string_view value) {
  return add(type, std::string(value));
}

CK_RV find_objects(CK_FUNCTION_LIST& calls, CK_SESSION_HANDLE session, Template match,
                   std::vector<CK_OBJECT_HANDLE>& found) {
  found.clear();
  CK_RV value = calls.C_FindObjectsInit(session, match.data(), match.size());
  if (value != CKR_OK) return value;
  std::array<CK_OBJECT_HANDLE, 64> some{};
  CK_ULONG count = 0;
  do {
    value = calls.C_FindObjects(session, some.data(), some.size(), &count);
    if (value != CKR_OK) break;
    found.insert(found.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
  } while (count > 0 && found.size() < kMostObjects);
  const CK_RV finished = calls.C_FindObjectsFinal(session);
  return value != CKR_OK ? value : finished;
}

CK_RV find_key(CK_FUNCTION_LIST& calls, CK_SESSION_HANDLE session, CK_OBJECT_CLASS object_class,
               std::string_view label, CK_OBJECT_HANDLE& key) {
  Template match;
  match.number(CKA_CLASS, object_class).flag(CKA_TOKEN, true).bytes(CKA_LABEL, label);
  std::vector<CK_OBJECT_HANDLE> found;
  const CK_RV value = find_objects(calls, session, std::move(match), found);
  if (value != CKR_OK) return value;
  if (found.empty()) return kNoSuchKey;
  key = found.front();
  return CKR_OK;
}

CK_RV read_attribute(CK_FUNCTION_LIST& calls, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                     CK_ATTRIBUTE_TYPE type, std::string& value) {
  CK_ATTRIBUTE attribute{type, nullptr, 0};
  CK_RV result = calls.C_GetAttributeValue(session, object, &attribute, 1);
  if (result != CKR_OK) return result;
  if (attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION) return CKR_ATTRIBUTE_TYPE_INVALID;
  value.assign(attribute.ulValueLen, '\0');
  attribute.pValue = value.data();
  result = calls.C_GetAttributeValue(session, object, &attribute, 1);
  if (result == CKR_OK) value.resize(attribute.ulValueLen);
  return result;
}

bool read_flag(CK_FUNCTION_LIST& calls, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
               CK_ATTRIBUTE_TYPE type, bool fallback) {
  std::string value;
  if (read_attribute(calls, session, object, type, value) != CKR_OK) return fallback;
  return value.size() == sizeof(CK_BBOOL) ? value[0] != 0 : fallback;
}

} // namespace allod::trust
