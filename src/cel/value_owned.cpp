// Copies of values that borrow nothing.
#include <unordered_map>
#include <utility>

#include "cel/value.h"

namespace allod::cel {

/// Copies one value. Remembers the trees that were copied: a value that shares parts can be
/// exponentially larger than its memory.
class Copier {
 public:
  Value copy(const Value& value) {
    switch (value.kind()) {
    case Kind::string:
      return value.owns_ ? value : Value::string(std::string(value.as_string()));
    case Kind::list:
    case Kind::map:
    case Kind::optional:
      return value.owns_ ? copy_shared(value) : copy_tree(value);
    default:
      return value;
    }
  }

 private:
  Value copy_shared(const Value& value) {
    const Shared* shared = value.payload_.shared;
    const auto present = copies_.find(shared);
    if (present != copies_.end()) return present->second;
    Value copied = copy_tree(value);
    copies_.emplace(shared, copied);
    return copied;
  }

  Value copy_tree(const Value& value) {
    if (value.is(Kind::list)) return copy_list(value.as_list());
    if (value.is(Kind::map)) return copy_map(value.as_map());
    const Value* content = value.as_optional();
    return content == nullptr ? value : Value::optional(copy(*content));
  }

  Value copy_list(const List& list) {
    std::vector<Value> elements;
    elements.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); ++i)
      elements.push_back(copy(list.at(i)));
    return Value::list(std::move(elements));
  }

  Value copy_map(const Map& map) {
    std::vector<std::pair<Value, Value>> entries;
    entries.reserve(map.size());
    for (std::size_t i = 0; i < map.size(); ++i) {
      const auto [key, value] = map.entry(i);
      entries.emplace_back(copy(key), copy(value));
    }
    return Value::map(std::move(entries));
  }

  std::unordered_map<const Shared*, Value> copies_;
};

Value Value::owned() const {
  return Copier().copy(*this);
}

} // namespace allod::cel
