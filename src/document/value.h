// The value tree of a YAML or JSON text. Every value and every key knows the place it was read
// from, so that any later stage can point at it; a value that was computed points at what it came
// from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/result.h"

namespace allod::document {

/// A text that values were read from: its name for messages and its content for excerpts.
struct Source {
  std::string name;
  std::string text;
};

/// Where a value or a key stands. Lines and columns count from 1, columns in code points.
struct Mark {
  std::shared_ptr<const Source> source;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 0;

  [[nodiscard]] Place place() const;
};

enum class Kind { null, boolean, integer, number, string, list, map };
/// "a number", "a list": for messages.
[[nodiscard]] const char* describe(Kind kind);

class Value;
struct Member;

class Value {
 public:
  using List = std::vector<Value>;

  Value() = default;
  Value(bool value) : data_(value) {}                           // NOLINT: meant to be implicit
  Value(std::int64_t value) : data_(value) {}                   // NOLINT: meant to be implicit
  Value(int value) : data_(static_cast<std::int64_t>(value)) {} // NOLINT: meant to be implicit
  Value(double value) : data_(value) {}                         // NOLINT: meant to be implicit
  Value(std::string value) : data_(std::move(value)) {}         // NOLINT: meant to be implicit
  Value(std::string_view value) : data_(std::string(value)) {}  // NOLINT: meant to be implicit
  Value(const char* value) : data_(std::string(value)) {}       // NOLINT: meant to be implicit
  Value(List items) : data_(std::move(items)) {}                // NOLINT: meant to be implicit
  [[nodiscard]] static Value list() { return Value(List()); }
  [[nodiscard]] static Value map();

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(data_.index()); }
  [[nodiscard]] bool is_null() const { return kind() == Kind::null; }
  [[nodiscard]] bool is_boolean() const { return kind() == Kind::boolean; }
  [[nodiscard]] bool is_integer() const { return kind() == Kind::integer; }
  /// A number or an integer: as_number() may be called.
  [[nodiscard]] bool is_numeric() const { return is_integer() || kind() == Kind::number; }
  [[nodiscard]] bool is_string() const { return kind() == Kind::string; }
  [[nodiscard]] bool is_list() const { return kind() == Kind::list; }
  [[nodiscard]] bool is_map() const { return kind() == Kind::map; }

  // Access by kind; the wrong kind is a broken invariant (std::bad_variant_access).
  [[nodiscard]] bool as_boolean() const { return std::get<bool>(data_); }
  [[nodiscard]] std::int64_t as_integer() const { return std::get<std::int64_t>(data_); }
  /// Of a number or an integer.
  [[nodiscard]] double as_number() const;
  [[nodiscard]] const std::string& as_string() const { return std::get<std::string>(data_); }
  [[nodiscard]] const List& items() const { return std::get<List>(data_); }
  [[nodiscard]] List& items() { return std::get<List>(data_); }
  /// The members of a map in the order they were written.
  [[nodiscard]] const std::vector<Member>& members() const;
  [[nodiscard]] std::vector<Member>& members();

  /// Elements of a list, members of a map, bytes of a string; 0 for the rest.
  [[nodiscard]] std::size_t size() const;

  /// The member of a map, or nullptr (also when this is no map).
  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] Value* find(std::string_view key);
  [[nodiscard]] const Member* find_member(std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const { return find(key) != nullptr; }
  /// Follows keys; nullptr as soon as one is missing: at_path({"metadata", "name"}).
  [[nodiscard]] const Value* at_path(std::initializer_list<std::string_view> keys) const;
  /// Sets or replaces a member; the order of first insertion is kept. This must be a map.
  Value& set(std::string_view key, Value value);
  /// Adds a member with the mark of its key. When the key is there already, nothing changes and the
  /// member that holds it is returned; else nullptr. This must be a map.
  const Member* insert(Member member);
  /// Removes a member if it is there.
  void erase(std::string_view key);
  /// Appends to a list.
  Value& push(Value value);

  // Members with a default: the fallback when the key is missing or of another kind.
  [[nodiscard]] std::string string_or(std::string_view key, std::string_view fallback) const;
  [[nodiscard]] std::int64_t integer_or(std::string_view key, std::int64_t fallback) const;
  [[nodiscard]] bool boolean_or(std::string_view key, bool fallback) const;
  /// The strings of a list member; empty when missing.
  [[nodiscard]] std::vector<std::string> strings_at(std::string_view key) const;

  [[nodiscard]] const Mark& mark() const { return mark_; }
  Value& set_mark(Mark mark) {
    mark_ = std::move(mark);
    return *this;
  }

  /// Equal content; places and the order of members do not count; 1 and 1.0 differ.
  bool operator==(const Value& other) const;

 private:
  struct Map;
  // Maps sit behind a pointer: Member holds a Value. Copies are deep.
  class MapHandle {
   public:
    MapHandle();
    MapHandle(const MapHandle& other);
    MapHandle(MapHandle&& other) noexcept;
    MapHandle& operator=(const MapHandle& other);
    MapHandle& operator=(MapHandle&& other) noexcept;
    ~MapHandle();
    std::unique_ptr<Map> map;
  };

  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, MapHandle> data_;
  Mark mark_;
};

struct Member {
  std::string key;
  Mark key_mark;
  Value value;
};

/// One step of a path into a document: a key or an index.
using PathStep = std::variant<std::string, std::size_t>;
/// "components.database.size[2]"; keys with other characters are quoted: files["a.conf"].
[[nodiscard]] std::string format_path(const std::vector<PathStep>& path);

/// An invalid_input error at a value's place.
Error error_at(const Mark& mark, std::string message);
/// The error of readers for a key that occurs twice; it names both places.
Error duplicate_key(const Member& first, const Mark& second);
/// The hint for an unknown name: `did you mean "b"? things: a, b`, each half where it has something
/// to say. `what` is what the names are, in the plural.
[[nodiscard]] std::string suggestion(std::string_view name, const std::vector<std::string>& known,
                                     std::string_view what);

} // namespace allod::document
