#include "manifest/node.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

namespace allod::manifest {
namespace {

/// Not to be guessed, so that nobody can choose keys that all fall into one slot.
const std::uint64_t kSeed = std::random_device{}() | (std::uint64_t{std::random_device{}()} << 32U);

} // namespace

const char* describe(Kind kind) {
  switch (kind) {
  case Kind::null:
    return "nothing";
  case Kind::boolean:
    return "true or false";
  case Kind::integer:
    return "an integer";
  case Kind::number:
    return "a number";
  case Kind::string:
    return "a text";
  case Kind::list:
    return "a list";
  case Kind::map:
    return "a map";
  case Kind::unknown:
    return "a value that is not known yet";
  }
  return "a value";
}

cel::Value Node::value() const {
  switch (kind()) {
  case Kind::null:
    return cel::Value::null();
  case Kind::boolean:
    return cel::Value::of_bool(as_boolean());
  case Kind::integer:
    return cel::Value::of_int(as_integer());
  case Kind::number:
    return cel::Value::of_double(as_number());
  case Kind::string:
    return cel::Value::borrow_string(as_string());
  case Kind::list:
    return cel::Value::borrow(as_list());
  case Kind::map:
    return cel::Value::borrow(as_map());
  case Kind::unknown:
    return cel::Value::unknown(std::string(as_string()));
  }
  return cel::Value::null();
}

std::uint32_t MapNode::hash(std::string_view key) {
  std::uint64_t state = kSeed ^ key.size();
  while (!key.empty()) {
    std::uint64_t word = 0;
    const std::size_t length = std::min(key.size(), sizeof word);
    std::memcpy(&word, key.data(), length);
    state = (state ^ word) * 0x9E3779B97F4A7C15U;
    state ^= state >> 29U;
    key.remove_prefix(length);
  }
  return static_cast<std::uint32_t>(state >> 32U);
}

const Member* MapNode::find_member(std::string_view key) const {
  if (slots_ != 0) return find_in_table(key);
  for (const Member& member : members()) {
    if (member.key() == key) return &member;
  }
  return nullptr;
}

const Member* MapNode::find_in_table(std::string_view key) const {
  const std::span<const Member> all = members();
  const auto* const table = reinterpret_cast<const std::uint32_t*>(all.data() + all.size());
  const std::uint32_t mask = slots_ - 1;
  for (std::uint32_t slot = hash(key) & mask; table[slot] != 0; slot = (slot + 1) & mask) {
    const Member& member = all[table[slot] - 1];
    if (member.key() == key) return &member;
  }
  return nullptr;
}

std::optional<cel::Value> MapNode::find(std::string_view key) const {
  const Member* const member = find_member(key);
  if (member == nullptr) return std::nullopt;
  return member->value.value();
}

std::pair<cel::Value, cel::Value> MapNode::entry(std::size_t index) const {
  const Member& member = members()[index];
  return {cel::Value::borrow_string(member.key()), member.value.value()};
}

} // namespace allod::manifest
