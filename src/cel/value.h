// A CEL value: what expressions take and give. Cheap to copy: scalars live inside, everything else
// is shared and immutable, or borrowed from something that lives longer. Foreign trees join in
// through the List and Map interfaces, unconverted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cel/value_shared.h"

namespace allod::cel {

enum class Kind : std::uint8_t {
  null,
  boolean,
  int64,
  uint64,
  float64,
  string,
  bytes,
  list,
  map,
  timestamp,
  duration,
  type,
  optional,
  opaque,  ///< a type that a library adds, for instance a Kubernetes quantity
  unknown, ///< not known yet; spreads through whatever needs it
  error,
};

/// The CEL name of a kind: "int", "google.protobuf.Timestamp", "null_type"…
[[nodiscard]] std::string_view type_name(Kind kind);

class Value;

/// A point in time in UTC, from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z.
struct Timestamp {
  std::int64_t seconds = 0;     ///< since 1970-01-01T00:00:00Z, negative before
  std::int32_t nanoseconds = 0; ///< 0…999,999,999, always forward
  auto operator<=>(const Timestamp&) const = default;
};

/// A CEL duration: 64 bits of nanoseconds, about ±292 years (CEL specification, "Overflow").
using Duration = std::chrono::nanoseconds;

/// A list that the evaluator reads in place. Implementations are immutable.
class List {
 public:
  virtual ~List() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// The element at `index`, which is less than size().
  [[nodiscard]] virtual Value at(std::size_t index) const = 0;
};

/// A map that the evaluator reads in place. Implementations are immutable and have no equal keys.
class Map {
 public:
  virtual ~Map() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// The value of a string key: the hot path of every field selection.
  [[nodiscard]] virtual std::optional<Value> find(std::string_view key) const = 0;
  /// The value of any key; numbers that are equal are the same key whatever their type.
  /// A map whose keys are all strings needs only the other overload.
  [[nodiscard]] virtual std::optional<Value> find(const Value& key) const;
  /// The entry at `index`, which is less than size(), in the map's own order.
  [[nodiscard]] virtual std::pair<Value, Value> entry(std::size_t index) const = 0;
};

/// A value of a type that is not part of the language. Immutable.
class Opaque {
 public:
  virtual ~Opaque() = default;
  [[nodiscard]] virtual std::string_view type_name() const = 0;
  /// Whether both are the same; the other one has the same type_name().
  [[nodiscard]] virtual bool equals(const Opaque& other) const = 0;
  /// For messages.
  [[nodiscard]] virtual std::string print() const = 0;
};

/// What went wrong while evaluating, and where in the source text (bytes).
struct EvaluationError {
  std::string message;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  bool placed = false; ///< whether offset and length are set
};

/// 16 bytes. Values from borrow… refer to memory that the caller keeps alive and unchanged for
/// longer than the value and its copies; they cost no counting. Whatever is made from one (an
/// element of a borrowed list, a list that holds it) borrows as well, until owned() makes a copy
/// that does not.
class Value {
 public:
  /// null
  Value() = default;
  Value(const Value& other) noexcept
      : payload_(other.payload_), extent_(other.extent_), kind_(other.kind_), owns_(other.owns_),
        plain_(other.plain_) {
    if (owns_) payload_.shared->keep();
  }
  Value(Value&& other) noexcept
      : payload_(other.payload_), extent_(other.extent_), kind_(other.kind_), owns_(other.owns_),
        plain_(other.plain_) {
    other.kind_ = Kind::null;
    other.owns_ = false;
    other.plain_ = false;
  }
  Value& operator=(const Value& other) noexcept {
    if (this != &other) *this = Value(other);
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    std::swap(payload_, other.payload_);
    std::swap(extent_, other.extent_);
    std::swap(kind_, other.kind_);
    std::swap(owns_, other.owns_);
    std::swap(plain_, other.plain_);
    return *this;
  }
  ~Value() {
    if (owns_) Shared::drop(payload_.shared);
  }

  static Value null() { return {}; }
  static Value of_bool(bool value);
  static Value of_int(std::int64_t value);
  static Value of_uint(std::uint64_t value);
  static Value of_double(double value);
  /// `text` is UTF-8; whoever hands over other bytes gets them back unharmed, but the functions
  /// that count code points see each stray byte as one.
  static Value string(std::string text);
  /// Texts of 4 GiB and more are copied.
  static Value borrow_string(std::string_view text);
  static Value bytes(std::string octets);
  static Value list(std::vector<Value> elements);
  static Value list(std::shared_ptr<const List> foreign);
  static Value borrow(const List& foreign);
  /// Keys are bool, int, uint or string; of equal keys the last one counts.
  static Value map(std::vector<std::pair<Value, Value>> entries);
  static Value map(std::shared_ptr<const Map> foreign);
  /// The map of entries; nothing when two keys are equal.
  static std::optional<Value> distinct_map(std::vector<std::pair<Value, Value>> entries);
  static Value borrow(const Map& foreign);
  static Value timestamp(Timestamp value);
  static Value duration(Duration value);
  /// A type as a value, by its CEL name: "int", "list", "google.protobuf.Timestamp".
  static Value type(std::string name);
  static Value optional(Value present);
  static Value none();
  static Value opaque(std::shared_ptr<const Opaque> value);
  /// `attribute` names what is not known, for instance "database.host".
  static Value unknown(std::string attribute);
  static Value unknown(std::set<std::string> attributes);
  static Value error(std::string message);
  static Value error(EvaluationError error);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is(Kind kind) const { return kind_ == kind; }
  [[nodiscard]] bool is_null() const { return kind_ == Kind::null; }
  [[nodiscard]] bool is_number() const {
    return kind_ == Kind::int64 || kind_ == Kind::uint64 || kind_ == Kind::float64;
  }
  /// An error or an unknown: what a strict function passes on instead of working.
  [[nodiscard]] bool is_abnormal() const { return kind_ >= Kind::unknown; }

  // Each accessor needs its own kind; calling one on another kind is a broken invariant. Views and
  // references are good while the value lives, or what it borrows from.
  [[nodiscard]] bool as_bool() const { return payload_.boolean; }
  [[nodiscard]] std::int64_t as_int() const { return payload_.integer; }
  [[nodiscard]] std::uint64_t as_uint() const { return payload_.natural; }
  [[nodiscard]] double as_double() const { return payload_.real; }
  [[nodiscard]] std::string_view as_string() const { return text(); }
  [[nodiscard]] std::string_view as_bytes() const { return text(); }
  [[nodiscard]] const List& as_list() const;
  [[nodiscard]] const Map& as_map() const;
  [[nodiscard]] Timestamp as_timestamp() const {
    return {payload_.integer, static_cast<std::int32_t>(extent_)};
  }
  [[nodiscard]] Duration as_duration() const { return Duration(payload_.integer); }
  [[nodiscard]] std::string_view as_type() const { return text(); }
  /// The present value, or null when there is none.
  [[nodiscard]] const Value* as_optional() const;
  [[nodiscard]] const Opaque& as_opaque() const;
  [[nodiscard]] const std::set<std::string>& as_unknown() const;
  [[nodiscard]] const EvaluationError& as_error() const;

  /// The elements when the list is one of ours (Value::list from a vector), for speed; else null.
  [[nodiscard]] const std::vector<Value>* elements() const;
  /// The shared tree itself, to keep it alive beyond this value; a borrowed one is not kept alive.
  [[nodiscard]] std::shared_ptr<const List> share_list() const;
  [[nodiscard]] std::shared_ptr<const Map> share_map() const;
  /// The same value with nothing borrowed in it: lists and maps are copied all the way down, except
  /// that what is shared within the value stays shared. Opaque values are not copied.
  [[nodiscard]] Value owned() const;

  /// The name of the value's type as `type(x)` gives it.
  [[nodiscard]] std::string type_name() const;

  /// Deep equality by the CEL specification ("Equality"): numbers compare across types on one line,
  /// NaN equals nothing, other kinds are never equal. Errors and unknowns equal nothing.
  bool operator==(const Value& other) const;

  /// As a CEL literal where there is one, for messages: `{"a": [1, 2u]}`, `timestamp("…")`. Cut off
  /// with "…" after about `limit` bytes.
  [[nodiscard]] std::string to_string(std::size_t limit = 4096) const;

 private:
  union Payload {
    std::int64_t integer = 0;
    std::uint64_t natural;
    double real;
    bool boolean;
    const char* text; ///< borrowed, `extent_` bytes
    const List* list; ///< borrowed
    const Map* map;   ///< borrowed
    const Shared* shared;
  };
  friend class Copier; // value_owned.cpp

  Value(Kind kind, const Shared* shared) : kind_(kind), owns_(true) { payload_.shared = shared; }

  [[nodiscard]] std::string_view text() const {
    if (owns_) return static_cast<const SharedText*>(payload_.shared)->text;
    return {payload_.text, extent_};
  }

  Payload payload_;
  std::uint32_t extent_ = 0; ///< the length of a borrowed text, the nanoseconds of a timestamp
  Kind kind_ = Kind::null;
  bool owns_ = false;  ///< the payload is `shared`
  bool plain_ = false; ///< a list whose elements are in a vector
};

static_assert(sizeof(Value) == 16);

inline Value Value::of_bool(bool value) {
  Value result;
  result.payload_.boolean = value;
  result.kind_ = Kind::boolean;
  return result;
}

inline Value Value::of_int(std::int64_t value) {
  Value result;
  result.payload_.integer = value;
  result.kind_ = Kind::int64;
  return result;
}

inline Value Value::of_uint(std::uint64_t value) {
  Value result;
  result.payload_.natural = value;
  result.kind_ = Kind::uint64;
  return result;
}

inline Value Value::of_double(double value) {
  Value result;
  result.payload_.real = value;
  result.kind_ = Kind::float64;
  return result;
}

inline Value Value::borrow_string(std::string_view text) {
  if (text.size() > UINT32_MAX) return string(std::string(text));
  Value result;
  result.payload_.text = text.data();
  result.extent_ = static_cast<std::uint32_t>(text.size());
  result.kind_ = Kind::string;
  return result;
}

inline Value Value::borrow(const List& foreign) {
  Value result;
  result.payload_.list = &foreign;
  result.kind_ = Kind::list;
  return result;
}

inline Value Value::borrow(const Map& foreign) {
  Value result;
  result.payload_.map = &foreign;
  result.kind_ = Kind::map;
  return result;
}

inline const List& Value::as_list() const {
  return owns_ ? *static_cast<const SharedTree<List>*>(payload_.shared)->tree : *payload_.list;
}

inline const Map& Value::as_map() const {
  return owns_ ? *static_cast<const SharedTree<Map>*>(payload_.shared)->tree : *payload_.map;
}

} // namespace allod::cel
