// The nodes of a document that was read. They lie in the document's arena, are immutable, and are
// seen by CEL in place: a map is a cel::Map, a list a cel::List. Sixteen bytes each; texts are
// views of the document's text wherever they stand in it as they are.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "cel/value.h"

namespace allod::manifest {

enum class Kind : std::uint8_t {
  null,
  boolean,
  integer, ///< 64 bits, signed
  number,
  string,
  list,
  map,
  unknown, ///< a value of a plan that is known only after it was applied
};
/// "a number", "a list": for messages.
[[nodiscard]] const char* describe(Kind kind);

class MapNode;
class ListNode;

class Node {
 public:
  /// Longer texts and larger collections are refused by the readers.
  static constexpr std::uint32_t kLargestSize = (1U << 28U) - 1;

  Node() = default; ///< null at the start of the text

  static Node null(std::uint32_t offset) { return {Kind::null, 0, offset}; }
  static Node boolean(bool value, std::uint32_t offset) {
    Node node(Kind::boolean, 0, offset);
    node.content_.boolean = value;
    return node;
  }
  static Node integer(std::int64_t value, std::uint32_t offset) {
    Node node(Kind::integer, 0, offset);
    node.content_.integer = value;
    return node;
  }
  static Node number(double value, std::uint32_t offset) {
    Node node(Kind::number, 0, offset);
    node.content_.number = value;
    return node;
  }
  /// `text` must live as long as the document.
  static Node string(std::string_view text, std::uint32_t offset) {
    Node node(Kind::string, static_cast<std::uint32_t>(text.size()), offset);
    node.content_.text = text.data();
    return node;
  }
  /// `name` says what is not known, for instance "values.arn".
  static Node unknown(std::string_view name, std::uint32_t offset) {
    Node node = string(name, offset);
    node.size_and_kind_ = pack(Kind::unknown, static_cast<std::uint32_t>(name.size()));
    return node;
  }
  static Node list(const ListNode& list, std::uint32_t offset);
  static Node map(const MapNode& map, std::uint32_t offset);

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(size_and_kind_ >> kSizeBits); }
  [[nodiscard]] bool is(Kind kind) const { return this->kind() == kind; }
  [[nodiscard]] bool is_null() const { return is(Kind::null); }
  [[nodiscard]] bool is_string() const { return is(Kind::string); }
  [[nodiscard]] bool is_list() const { return is(Kind::list); }
  [[nodiscard]] bool is_map() const { return is(Kind::map); }

  // Each accessor needs its own kind.
  [[nodiscard]] bool as_boolean() const { return content_.boolean; }
  [[nodiscard]] std::int64_t as_integer() const { return content_.integer; }
  [[nodiscard]] double as_number() const { return content_.number; }
  /// Of a string, or the name of what is unknown.
  [[nodiscard]] std::string_view as_string() const {
    return {content_.text, size_and_kind_ & kLargestSize};
  }
  [[nodiscard]] const ListNode& as_list() const { return *content_.list; }
  [[nodiscard]] const MapNode& as_map() const { return *content_.map; }

  /// Where it stands in the document's text, in bytes.
  [[nodiscard]] std::uint32_t offset() const { return offset_; }
  /// The same value at another place: what an alias repeats.
  [[nodiscard]] Node at(std::uint32_t offset) const {
    Node node = *this;
    node.offset_ = offset;
    return node;
  }

  /// The member of a map; null when it is missing or this is no map.
  [[nodiscard]] const Node* find(std::string_view key) const;
  /// The text of a member; empty when it is missing or no text.
  [[nodiscard]] std::string_view text_at(std::string_view key) const;

  /// As CEL sees it: borrowed, nothing is copied. Valid while the document lives.
  [[nodiscard]] cel::Value value() const;

 private:
  Node(Kind kind, std::uint32_t size, std::uint32_t offset)
      : offset_(offset), size_and_kind_(pack(kind, size)) {}

  static constexpr unsigned kSizeBits = 28;
  static constexpr std::uint32_t pack(Kind kind, std::uint32_t size) {
    return size | static_cast<std::uint32_t>(kind) << kSizeBits;
  }

  union Content {
    const char* text = nullptr;
    const ListNode* list;
    const MapNode* map;
    std::int64_t integer;
    double number;
    bool boolean;
  };
  Content content_;
  std::uint32_t offset_ = 0;
  std::uint32_t size_and_kind_ = 0; ///< bytes of a text, elements, members; the kind above them
};
static_assert(sizeof(Node) == 16);

struct Member {
  const char* key_text = nullptr;
  std::uint32_t key_size = 0;
  std::uint32_t key_offset = 0; ///< where the key stands, in bytes
  Node value;

  [[nodiscard]] std::string_view key() const { return {key_text, key_size}; }
};
static_assert(sizeof(Member) == 32);

/// A list; its elements lie right behind it in the arena.
class ListNode final : public cel::List {
 public:
  explicit ListNode(std::uint32_t size) : size_(size) {}

  [[nodiscard]] std::span<const Node> items() const {
    return {reinterpret_cast<const Node*>(this + 1), size_};
  }
  [[nodiscard]] std::size_t size() const override { return size_; }
  [[nodiscard]] cel::Value at(std::size_t index) const override { return items()[index].value(); }

 private:
  std::uint32_t size_;
};

/// A map in the order it was written. Its members lie right behind it in the arena, and behind
/// them, when there are many, a hash table of their indices.
class MapNode final : public cel::Map {
 public:
  /// From this many members on there is a table.
  static constexpr std::uint32_t kTableFrom = 17;

  /// `slots`: of the table, a power of two; 0: none.
  MapNode(std::uint32_t size, std::uint32_t slots) : size_(size), slots_(slots) {}

  [[nodiscard]] std::span<const Member> members() const {
    return {reinterpret_cast<const Member*>(this + 1), size_};
  }
  [[nodiscard]] const Member* find_member(std::string_view key) const;

  [[nodiscard]] std::size_t size() const override { return size_; }
  [[nodiscard]] std::optional<cel::Value> find(std::string_view key) const override;
  [[nodiscard]] std::pair<cel::Value, cel::Value> entry(std::size_t index) const override;

  /// The hash that the table is built on.
  [[nodiscard]] static std::uint32_t hash(std::string_view key);

 private:
  [[nodiscard]] const Member* find_in_table(std::string_view key) const;

  std::uint32_t size_;
  std::uint32_t slots_;
};
static_assert(sizeof(ListNode) == 16 && sizeof(MapNode) == 16);

inline Node Node::list(const ListNode& list, std::uint32_t offset) {
  Node node(Kind::list, static_cast<std::uint32_t>(list.items().size()), offset);
  node.content_.list = &list;
  return node;
}

inline Node Node::map(const MapNode& map, std::uint32_t offset) {
  Node node(Kind::map, static_cast<std::uint32_t>(map.members().size()), offset);
  node.content_.map = &map;
  return node;
}

inline const Node* Node::find(std::string_view key) const {
  if (!is_map()) return nullptr;
  const Member* const member = as_map().find_member(key);
  return member == nullptr ? nullptr : &member->value;
}

inline std::string_view Node::text_at(std::string_view key) const {
  const Node* const node = find(key);
  return node != nullptr && node->is_string() ? node->as_string() : std::string_view();
}

} // namespace allod::manifest
