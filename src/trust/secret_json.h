// JSON whose texts are wiped when they go, for documents that carry secrets. Texts short enough to
// live inside the string object itself (15 bytes) are not reached by the allocator.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>
#include <openssl/crypto.h>

namespace allod::trust {

template<class T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() = default;
  template<class U>
  WipingAllocator(const WipingAllocator<U>& /*other*/) {} // NOLINT: allocators convert
  T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, std::size_t count) {
    OPENSSL_cleanse(memory, count * sizeof(T));
    std::allocator<T>().deallocate(memory, count);
  }
  bool operator==(const WipingAllocator&) const { return true; }
};

using SecretText = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;
using SecretJson = nlohmann::basic_json<std::map, std::vector, SecretText>;

/// The text member `name` of an object; nullptr when this is no object or has no such text.
inline const SecretText* text_member(const SecretJson& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(SecretText(name));
  return at == object.end() ? nullptr : at->get_ptr<const SecretText*>();
}

} // namespace allod::trust
