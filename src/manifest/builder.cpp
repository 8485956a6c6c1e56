#include "manifest/builder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace allod::manifest {

std::string_view Builder::keep(std::string_view text) {
  if (text.empty()) return "";
  auto* const copy = static_cast<char*>(arena_->take(text.size()));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

Node Builder::finish_list(std::size_t start, std::uint32_t offset) {
  const std::size_t count = items_.size() - start;
  void* const memory = arena_->take(sizeof(ListNode) + count * sizeof(Node));
  auto* const list = new (memory) ListNode(static_cast<std::uint32_t>(count));
  if (count != 0) {
    std::memcpy(static_cast<void*>(list + 1), items_.data() + start, count * sizeof(Node));
  }
  items_.resize(start);
  return Node::list(*list, offset);
}

Builder::FinishedMap Builder::finish_map(std::size_t start, std::uint32_t offset) {
  const std::size_t count = members_.size() - start;
  const std::size_t slots = count < MapNode::kTableFrom ? 0 : std::bit_ceil(count * 2);
  void* const memory =
      arena_->take(sizeof(MapNode) + count * sizeof(Member) + slots * sizeof(std::uint32_t));
  auto* const map =
      new (memory) MapNode(static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(slots));
  auto* const members = reinterpret_cast<Member*>(map + 1);
  if (count != 0) {
    std::memcpy(static_cast<void*>(members), members_.data() + start, count * sizeof(Member));
  }
  members_.resize(start);
  FinishedMap result{Node::map(*map, offset), nullptr, nullptr};
  if (slots == 0) {
    for (std::size_t second = 1; second < count; ++second) {
      for (std::size_t first = 0; first < second; ++first) {
        if (members[first].key_size == members[second].key_size &&
            members[first].key() == members[second].key()) {
          return {result.node, members + second, members + first};
        }
      }
    }
    return result;
  }
  auto* const table = reinterpret_cast<std::uint32_t*>(members + count);
  std::fill_n(table, slots, 0U);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t slot = MapNode::hash(members[i].key()) & (slots - 1);
    while (table[slot] != 0) {
      const Member& other = members[table[slot] - 1];
      if (other.key() == members[i].key()) return {result.node, members + i, &other};
      slot = (slot + 1) & (slots - 1);
    }
    table[slot] = static_cast<std::uint32_t>(i + 1);
  }
  return result;
}

} // namespace allod::manifest
