// Memory for the nodes of one document: given out in order, freed all at once, used again for the
// next document without asking the system.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace allod::manifest {

class Arena {
 public:
  /// Memory for `bytes`, aligned for pointers, until clear() or the end of the arena.
  [[nodiscard]] void* take(std::size_t bytes) {
    bytes = (bytes + kAlignment - 1) & ~(kAlignment - 1);
    if (bytes > left_) return take_from_new_block(bytes);
    void* const result = at_;
    at_ += bytes;
    left_ -= bytes;
    return result;
  }

  /// Gives everything back. Keeps the first block, so that small documents cost no allocation.
  void clear();

  /// Bytes held.
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  static constexpr std::size_t kAlignment = alignof(void*);

  void* take_from_new_block(std::size_t bytes);

  struct Block {
    std::unique_ptr<std::byte[]> memory;
    std::size_t size = 0;
  };
  std::vector<Block> blocks_;
  std::byte* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t capacity_ = 0;
};

} // namespace allod::manifest
