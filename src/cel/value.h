// A CEL value: what expressions take and give. Cheap to copy: scalars live inside, everything else
// is shared and immutable. Foreign trees join in through the List and Map interfaces, unconverted.
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

class Value {
 public:
  /// null
  Value() = default;

  static Value null() { return {}; }
  static Value of_bool(bool value);
  static Value of_int(std::int64_t value);
  static Value of_uint(std::uint64_t value);
  static Value of_double(double value);
  /// `text` is UTF-8; whoever hands over other bytes gets them back unharmed, but the functions
  /// that count code points see each stray byte as one.
  static Value string(std::string text);
  static Value bytes(std::string octets);
  static Value list(std::vector<Value> elements);
  static Value list(std::shared_ptr<const List> foreign);
  /// Keys are bool, int, uint or string; of equal keys the last one counts.
  static Value map(std::vector<std::pair<Value, Value>> entries);
  static Value map(std::shared_ptr<const Map> foreign);
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

  // Each accessor needs its own kind; calling one on another kind is a broken invariant.
  [[nodiscard]] bool as_bool() const { return scalar_.boolean; }
  [[nodiscard]] std::int64_t as_int() const { return scalar_.integer; }
  [[nodiscard]] std::uint64_t as_uint() const { return scalar_.natural; }
  [[nodiscard]] double as_double() const { return scalar_.real; }
  [[nodiscard]] const std::string& as_string() const;
  [[nodiscard]] const std::string& as_bytes() const;
  [[nodiscard]] const List& as_list() const;
  [[nodiscard]] const Map& as_map() const;
  [[nodiscard]] Timestamp as_timestamp() const { return {scalar_.integer, nanoseconds_}; }
  [[nodiscard]] Duration as_duration() const { return Duration(scalar_.integer); }
  [[nodiscard]] const std::string& as_type() const;
  /// The present value, or null when there is none.
  [[nodiscard]] const Value* as_optional() const;
  [[nodiscard]] const Opaque& as_opaque() const;
  [[nodiscard]] const std::set<std::string>& as_unknown() const;
  [[nodiscard]] const EvaluationError& as_error() const;

  /// The elements when the list is one of ours (Value::list from a vector), for speed; else null.
  [[nodiscard]] const std::vector<Value>* elements() const;
  /// The shared tree itself, to keep it alive beyond this value.
  [[nodiscard]] std::shared_ptr<const List> share_list() const;
  [[nodiscard]] std::shared_ptr<const Map> share_map() const;

  /// The name of the value's type as `type(x)` gives it.
  [[nodiscard]] std::string type_name() const;

  /// Deep equality by the CEL specification ("Equality"): numbers compare across types on one line,
  /// NaN equals nothing, other kinds are never equal. Errors and unknowns equal nothing.
  bool operator==(const Value& other) const;

  /// As a CEL literal where there is one, for messages: `{"a": [1, 2u]}`, `timestamp("…")`. Cut off
  /// with "…" after about `limit` bytes.
  [[nodiscard]] std::string to_string(std::size_t limit = 4096) const;

 private:
  union Scalar {
    std::int64_t integer = 0;
    std::uint64_t natural;
    double real;
    bool boolean;
  };

  Value(Kind kind, std::shared_ptr<const void> object) : object_(std::move(object)), kind_(kind) {}

  Scalar scalar_;
  std::shared_ptr<const void> object_; // null for scalars
  std::int32_t nanoseconds_ = 0;
  Kind kind_ = Kind::null;
};

inline Value Value::of_bool(bool value) {
  Value result;
  result.scalar_.boolean = value;
  result.kind_ = Kind::boolean;
  return result;
}

inline Value Value::of_int(std::int64_t value) {
  Value result;
  result.scalar_.integer = value;
  result.kind_ = Kind::int64;
  return result;
}

inline Value Value::of_uint(std::uint64_t value) {
  Value result;
  result.scalar_.natural = value;
  result.kind_ = Kind::uint64;
  return result;
}

inline Value Value::of_double(double value) {
  Value result;
  result.scalar_.real = value;
  result.kind_ = Kind::float64;
  return result;
}

} // namespace allod::cel
