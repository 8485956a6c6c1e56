#include "cel/value_map.h"

#include <bit>
#include <cstdint>
#include <functional>

#include "cel/value_equal.h"

namespace allod::cel {

namespace {

// Below this many entries a scan beats hashing.
constexpr std::size_t kScanLimit = 8;
constexpr std::uint32_t kFree = UINT32_MAX;

class OwnedMap final : public SharedTree<Map>, public Map {
 public:
  OwnedMap() : SharedTree<Map>(this) {}
  [[nodiscard]] std::size_t size() const override { return entries_.size(); }

  [[nodiscard]] std::optional<Value> find(std::string_view key) const override {
    if (table_.empty()) {
      for (const auto& [candidate, value] : entries_) {
        if (candidate.is(Kind::string) && candidate.as_string() == key) return value;
      }
      return std::nullopt;
    }
    const auto* entry = probe(hash_text(key), [key](const Value& candidate) {
      return candidate.is(Kind::string) && candidate.as_string() == key;
    });
    if (entry == nullptr) return std::nullopt;
    return entry->second;
  }

  [[nodiscard]] std::optional<Value> find(const Value& key) const override {
    if (key.is(Kind::string)) return find(key.as_string());
    const auto* entry = locate(key);
    if (entry == nullptr) return std::nullopt;
    return entry->second;
  }

  [[nodiscard]] std::pair<Value, Value> entry(std::size_t index) const override {
    return entries_[index];
  }

  void reserve(std::size_t count) {
    entries_.reserve(count);
    if (count > kScanLimit) table_.assign(std::bit_ceil(count * 2), kFree);
  }

  /// False when the key was there; its value is replaced.
  bool insert(Value key, Value value) {
    if (const auto* present = locate(key)) {
      entries_[static_cast<std::size_t>(present - entries_.data())].second = std::move(value);
      return false;
    }
    if (!table_.empty()) {
      std::size_t slot = hash_key(key) & (table_.size() - 1);
      while (table_[slot] != kFree)
        slot = (slot + 1) & (table_.size() - 1);
      table_[slot] = static_cast<std::uint32_t>(entries_.size());
    }
    entries_.emplace_back(std::move(key), std::move(value));
    return true;
  }

 private:
  using Entry = std::pair<Value, Value>;

  [[nodiscard]] const Entry* locate(const Value& key) const {
    if (table_.empty()) {
      for (const auto& candidate : entries_) {
        if (equal_keys(candidate.first, key)) return &candidate;
      }
      return nullptr;
    }
    return probe(hash_key(key),
                 [&key](const Value& candidate) { return equal_keys(candidate, key); });
  }

  template<class Match>
  [[nodiscard]] const Entry* probe(std::size_t hash, Match matches) const {
    const std::size_t mask = table_.size() - 1;
    for (std::size_t slot = hash & mask; table_[slot] != kFree; slot = (slot + 1) & mask) {
      const Entry& entry = entries_[table_[slot]];
      if (matches(entry.first)) return &entry;
    }
    return nullptr;
  }

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> table_; // open addressing, a power of two; empty for small maps
};

} // namespace

const Shared* make_owned_map(std::vector<std::pair<Value, Value>> entries) {
  auto map = std::make_unique<OwnedMap>();
  map->reserve(entries.size());
  for (auto& [key, value] : entries)
    map->insert(std::move(key), std::move(value));
  return map.release();
}

const Shared* make_distinct_map(std::vector<std::pair<Value, Value>> entries) {
  auto map = std::make_unique<OwnedMap>();
  map->reserve(entries.size());
  for (auto& [key, value] : entries) {
    if (!map->insert(std::move(key), std::move(value))) return nullptr;
  }
  return map.release();
}

bool is_map_key(const Value& value) {
  switch (value.kind()) {
  case Kind::boolean:
  case Kind::int64:
  case Kind::uint64:
  case Kind::string:
    return true;
  default:
    return false;
  }
}

} // namespace allod::cel
