// What values share: objects with a count of the values that refer to them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace allod::cel {

class List;
class Map;
class Opaque;

/// The base of everything that a Value may own together with other values. Threads may share it.
class Shared {
 public:
  Shared() = default;
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  virtual ~Shared() = default;

  void keep() const { references_.fetch_add(1, std::memory_order_relaxed); }
  static void drop(const Shared* shared) {
    // Whoever holds the only reference needs no atomic write to find out.
    if (shared->references_.load(std::memory_order_acquire) == 1 ||
        shared->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete shared;
    }
  }

 private:
  mutable std::atomic<std::uint32_t> references_{1};
};

/// A string, octets or the name of a type.
struct SharedText final : Shared {
  explicit SharedText(std::string content) : text(std::move(content)) {}
  const std::string text;
};

/// A list or map, whoever implements it.
template<class T>
struct SharedTree : Shared {
  explicit SharedTree(const T* content) : tree(content) {}
  const T* tree;
};

/// A tree that comes with an owner of its own.
template<class T>
struct ForeignTree final : SharedTree<T> {
  explicit ForeignTree(std::shared_ptr<const T> content)
      : SharedTree<T>(content.get()), owner(std::move(content)) {}
  std::shared_ptr<const T> owner;
};

} // namespace allod::cel
