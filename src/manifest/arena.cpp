#include "manifest/arena.h"

#include <algorithm>

namespace allod::manifest {
namespace {

constexpr std::size_t kFirstBlock = 16U << 10;
constexpr std::size_t kLargestBlock = 4U << 20;

} // namespace

void* Arena::take_from_new_block(std::size_t bytes) {
  const std::size_t grown = blocks_.empty() ? kFirstBlock : blocks_.back().size * 2;
  const std::size_t size = std::max(std::min(grown, kLargestBlock), bytes);
  // Not value-initialised: every byte is written before it is read.
  blocks_.push_back(Block{std::unique_ptr<std::byte[]>(new std::byte[size]), size});
  capacity_ += size;
  at_ = blocks_.back().memory.get() + bytes;
  left_ = size - bytes;
  return blocks_.back().memory.get();
}

void Arena::clear() {
  if (blocks_.empty()) return;
  blocks_.resize(1);
  at_ = blocks_.front().memory.get();
  left_ = capacity_ = blocks_.front().size;
}

} // namespace allod::manifest
