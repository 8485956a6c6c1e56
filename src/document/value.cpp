#include "document/value.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "document/json_writer.h"

namespace allod::document {

// Members are found by hash from a certain size on. The index is only ever touched by calls that
// change the map, so that threads may read one map at the same time.
struct Value::Map {
  static constexpr std::size_t kIndexed = 24;

  std::vector<Member> members;
  std::unordered_map<std::string, std::size_t> index;

  [[nodiscard]] std::size_t position(std::string_view key) const {
    if (members.size() < kIndexed || index.size() != members.size()) return scan(key);
    const auto found = index.find(std::string(key));
    if (found == index.end()) return members.size();
    // members() hands out references: a key may have been renamed since.
    return members[found->second].key == key ? found->second : scan(key);
  }

  void append(Member member) {
    if (members.size() + 1 >= kIndexed) {
      if (index.size() != members.size()) rebuild();
      index.emplace(member.key, members.size());
    }
    members.push_back(std::move(member));
  }

  void rebuild() {
    index.clear();
    for (std::size_t i = 0; i < members.size(); ++i)
      index.emplace(members[i].key, i);
  }

 private:
  [[nodiscard]] std::size_t scan(std::string_view key) const {
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&](const Member& member) { return member.key == key; });
    return static_cast<std::size_t>(found - members.begin());
  }
};

Value::MapHandle::MapHandle() : map(std::make_unique<Map>()) {}
Value::MapHandle::MapHandle(const MapHandle& other) : map(std::make_unique<Map>(*other.map)) {}
Value::MapHandle::MapHandle(MapHandle&& other) noexcept = default;
Value::MapHandle& Value::MapHandle::operator=(const MapHandle& other) {
  if (this != &other) map = std::make_unique<Map>(*other.map);
  return *this;
}
Value::MapHandle& Value::MapHandle::operator=(MapHandle&& other) noexcept = default;
Value::MapHandle::~MapHandle() = default;

Place Mark::place() const {
  return Place{source ? source->name : std::string(), line, column, length};
}

const char* describe(Kind kind) {
  switch (kind) {
  case Kind::null:
    return "null";
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
  }
  return "a value";
}

Value Value::map() {
  Value value;
  value.data_ = MapHandle();
  return value;
}

double Value::as_number() const {
  return is_integer() ? static_cast<double>(as_integer()) : std::get<double>(data_);
}

const std::vector<Member>& Value::members() const {
  return std::get<MapHandle>(data_).map->members;
}

std::vector<Member>& Value::members() {
  Map& map = *std::get<MapHandle>(data_).map;
  map.index.clear(); // the caller may rename, add or remove
  return map.members;
}

std::size_t Value::size() const {
  if (is_list()) return items().size();
  if (is_map()) return members().size();
  if (is_string()) return as_string().size();
  return 0;
}

const Member* Value::find_member(std::string_view key) const {
  if (!is_map()) return nullptr;
  const Map& map = *std::get<MapHandle>(data_).map;
  const std::size_t at = map.position(key);
  return at == map.members.size() ? nullptr : &map.members[at];
}

const Value* Value::find(std::string_view key) const {
  const Member* member = find_member(key);
  return member == nullptr ? nullptr : &member->value;
}

Value* Value::find(std::string_view key) {
  return const_cast<Value*>(std::as_const(*this).find(key));
}

const Value* Value::at_path(std::initializer_list<std::string_view> keys) const {
  const Value* at = this;
  for (const std::string_view key : keys) {
    at = at->find(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

Value& Value::set(std::string_view key, Value value) {
  Map& map = *std::get<MapHandle>(data_).map;
  const std::size_t at = map.position(key);
  if (at < map.members.size()) {
    map.members[at].value = std::move(value);
    return map.members[at].value;
  }
  Mark key_mark = value.mark();
  map.append(Member{std::string(key), std::move(key_mark), std::move(value)});
  return map.members.back().value;
}

const Member* Value::insert(Member member) {
  Map& map = *std::get<MapHandle>(data_).map;
  const std::size_t at = map.position(member.key);
  if (at < map.members.size()) return &map.members[at];
  map.append(std::move(member));
  return nullptr;
}

void Value::erase(std::string_view key) {
  std::erase_if(members(), [&](const Member& member) { return member.key == key; });
}

Value& Value::push(Value value) {
  return items().emplace_back(std::move(value));
}

std::string Value::string_or(std::string_view key, std::string_view fallback) const {
  const Value* value = find(key);
  return value != nullptr && value->is_string() ? value->as_string() : std::string(fallback);
}

std::int64_t Value::integer_or(std::string_view key, std::int64_t fallback) const {
  const Value* value = find(key);
  return value != nullptr && value->is_integer() ? value->as_integer() : fallback;
}

bool Value::boolean_or(std::string_view key, bool fallback) const {
  const Value* value = find(key);
  return value != nullptr && value->is_boolean() ? value->as_boolean() : fallback;
}

std::vector<std::string> Value::strings_at(std::string_view key) const {
  std::vector<std::string> texts;
  const Value* value = find(key);
  if (value == nullptr || !value->is_list()) return texts;
  for (const Value& item : value->items()) {
    if (item.is_string()) texts.push_back(item.as_string());
  }
  return texts;
}

bool Value::operator==(const Value& other) const {
  if (kind() != other.kind()) return false;
  switch (kind()) {
  case Kind::null:
    return true;
  case Kind::boolean:
    return as_boolean() == other.as_boolean();
  case Kind::integer:
    return as_integer() == other.as_integer();
  case Kind::number:
    return std::get<double>(data_) == std::get<double>(other.data_);
  case Kind::string:
    return as_string() == other.as_string();
  case Kind::list:
    return items() == other.items();
  case Kind::map:
    break;
  }
  if (members().size() != other.members().size()) return false;
  return std::all_of(members().begin(), members().end(), [&](const Member& member) {
    const Value* twin = other.find(member.key);
    return twin != nullptr && *twin == member.value;
  });
}

std::string format_path(const std::vector<PathStep>& path) {
  const auto plain = [](const std::string& key) {
    return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '$';
    });
  };
  std::string text;
  for (const PathStep& step : path) {
    if (const auto* index = std::get_if<std::size_t>(&step)) {
      text += "[" + std::to_string(*index) + "]";
      continue;
    }
    const std::string& key = std::get<std::string>(step);
    if (!plain(key)) {
      text += "[" + quote_json(key) + "]";
    } else {
      text += (text.empty() ? "" : ".") + key;
    }
  }
  return text;
}

Error error_at(const Mark& mark, std::string message) {
  return Error(ErrorCode::invalid_input, std::move(message)).at(mark.place());
}

Error duplicate_key(const Member& first, const Mark& second) {
  const Mark& mark = first.key_mark;
  return error_at(second, "the key \"" + first.key + "\" occurs twice")
      .with_hint("it stands first at line " + std::to_string(mark.line) + ", column " +
                 std::to_string(mark.column));
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known,
                       std::string_view what) {
  const std::string near = nearest(name, known);
  std::string hint = near.empty() ? "" : "did you mean \"" + near + "\"?";
  if (known.empty()) return hint;
  if (!hint.empty()) hint += " ";
  return hint + std::string(what) + ": " + join(known, ", ");
}

} // namespace allod::document
