// Puts lists and maps together for the readers: what is open lies on two stacks, what is complete
// moves into the arena in one piece.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "manifest/arena.h"
#include "manifest/node.h"

namespace allod::manifest {

class Builder {
 public:
  explicit Builder(Arena& arena) : arena_(&arena) {}

  /// A copy of `text` that lives as long as the arena.
  [[nodiscard]] std::string_view keep(std::string_view text);

  /// How many items are open: what a list starts with.
  [[nodiscard]] std::size_t open_items() const { return items_.size(); }
  void push_item(const Node& item) { items_.push_back(item); }
  /// The list of the items pushed since open_items() was `start`.
  [[nodiscard]] Node finish_list(std::size_t start, std::uint32_t offset);

  /// Forgets the items pushed since open_items() was `start`.
  void drop_items(std::size_t start) { items_.resize(start); }

  [[nodiscard]] std::size_t open_members() const { return members_.size(); }
  void push_member(const Member& member) { members_.push_back(member); }
  /// The members pushed since open_members() was `start`.
  [[nodiscard]] std::span<Member> members_since(std::size_t start) {
    return std::span(members_).subspan(start);
  }

  /// Forgets the members pushed since open_members() was `start`.
  void drop_members(std::size_t start) { members_.resize(start); }

  struct FinishedMap {
    Node node;
    /// The second of two members with the same key, and the first; null when all differ. They are
    /// valid until the next call.
    const Member* second = nullptr;
    const Member* first = nullptr;
  };
  /// The map of the members pushed since open_members() was `start`.
  [[nodiscard]] FinishedMap finish_map(std::size_t start, std::uint32_t offset);

  /// For the next document.
  void clear() {
    items_.clear();
    members_.clear();
  }

 private:
  Arena* arena_;
  std::vector<Node> items_;
  std::vector<Member> members_;
};

} // namespace allod::manifest
