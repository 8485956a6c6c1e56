#include "cel/value.h"

#include <cassert>
#include <utility>

#include "cel/value_map.h"

namespace allod::cel {

namespace {

/// A list that owns its elements.
class OwnedList final : public SharedTree<List>, public List {
 public:
  explicit OwnedList(std::vector<Value> elements)
      : SharedTree<List>(this), elements_(std::move(elements)) {}
  [[nodiscard]] std::size_t size() const override { return elements_.size(); }
  [[nodiscard]] Value at(std::size_t index) const override { return elements_[index]; }
  [[nodiscard]] const std::vector<Value>& elements() const { return elements_; }

 private:
  std::vector<Value> elements_;
};

/// What an optional, an unknown, an error and an opaque value hold.
template<class T>
struct Holder final : Shared {
  explicit Holder(T held) : content(std::move(held)) {}
  const T content;
};

using OptionalHolder = Holder<Value>;
using OpaqueHolder = Holder<std::shared_ptr<const Opaque>>;
using UnknownHolder = Holder<std::set<std::string>>;
using ErrorHolder = Holder<EvaluationError>;

} // namespace

std::string_view type_name(Kind kind) {
  switch (kind) {
  case Kind::null:
    return "null_type";
  case Kind::boolean:
    return "bool";
  case Kind::int64:
    return "int";
  case Kind::uint64:
    return "uint";
  case Kind::float64:
    return "double";
  case Kind::string:
    return "string";
  case Kind::bytes:
    return "bytes";
  case Kind::list:
    return "list";
  case Kind::map:
    return "map";
  case Kind::timestamp:
    return "google.protobuf.Timestamp";
  case Kind::duration:
    return "google.protobuf.Duration";
  case Kind::type:
    return "type";
  case Kind::optional:
    return "optional_type";
  case Kind::opaque:
    return "opaque";
  case Kind::unknown:
    return "unknown";
  case Kind::error:
    return "error";
  }
  return "error";
}

std::optional<Value> Map::find(const Value& key) const {
  if (!key.is(Kind::string)) return std::nullopt;
  return find(key.as_string());
}

Value Value::string(std::string text) {
  return {Kind::string, new SharedText(std::move(text))};
}

Value Value::bytes(std::string octets) {
  return {Kind::bytes, new SharedText(std::move(octets))};
}

Value Value::list(std::vector<Value> elements) {
  Value result(Kind::list, new OwnedList(std::move(elements)));
  result.plain_ = true;
  return result;
}

Value Value::list(std::shared_ptr<const List> foreign) {
  return {Kind::list, new ForeignTree<List>(std::move(foreign))};
}

Value Value::map(std::vector<std::pair<Value, Value>> entries) {
  return {Kind::map, make_owned_map(std::move(entries))};
}

std::optional<Value> Value::distinct_map(std::vector<std::pair<Value, Value>> entries) {
  const Shared* map = make_distinct_map(std::move(entries));
  if (map == nullptr) return std::nullopt;
  return Value(Kind::map, map);
}

Value Value::map(std::shared_ptr<const Map> foreign) {
  return {Kind::map, new ForeignTree<Map>(std::move(foreign))};
}

Value Value::timestamp(Timestamp value) {
  Value result;
  result.payload_.integer = value.seconds;
  result.extent_ = static_cast<std::uint32_t>(value.nanoseconds);
  result.kind_ = Kind::timestamp;
  return result;
}

Value Value::duration(Duration value) {
  Value result;
  result.payload_.integer = value.count();
  result.kind_ = Kind::duration;
  return result;
}

Value Value::type(std::string name) {
  return {Kind::type, new SharedText(std::move(name))};
}

Value Value::optional(Value present) {
  return {Kind::optional, new OptionalHolder(std::move(present))};
}

Value Value::none() {
  Value result;
  result.kind_ = Kind::optional;
  return result;
}

Value Value::opaque(std::shared_ptr<const Opaque> value) {
  return {Kind::opaque, new OpaqueHolder(std::move(value))};
}

Value Value::unknown(std::string attribute) {
  return unknown(std::set<std::string>{std::move(attribute)});
}

Value Value::unknown(std::set<std::string> attributes) {
  return {Kind::unknown, new UnknownHolder(std::move(attributes))};
}

Value Value::error(std::string message) {
  return error(EvaluationError{std::move(message), 0, 0, false});
}

Value Value::error(EvaluationError error) {
  return {Kind::error, new ErrorHolder(std::move(error))};
}

const Value* Value::as_optional() const {
  assert(kind_ == Kind::optional);
  if (!owns_) return nullptr;
  return &static_cast<const OptionalHolder*>(payload_.shared)->content;
}

const Opaque& Value::as_opaque() const {
  assert(kind_ == Kind::opaque);
  return *static_cast<const OpaqueHolder*>(payload_.shared)->content;
}

const std::set<std::string>& Value::as_unknown() const {
  assert(kind_ == Kind::unknown);
  return static_cast<const UnknownHolder*>(payload_.shared)->content;
}

const EvaluationError& Value::as_error() const {
  assert(kind_ == Kind::error);
  return static_cast<const ErrorHolder*>(payload_.shared)->content;
}

const std::vector<Value>* Value::elements() const {
  if (!plain_) return nullptr;
  return &static_cast<const OwnedList*>(payload_.shared)->elements();
}

std::shared_ptr<const List> Value::share_list() const {
  return {&as_list(), [keep = *this](const List*) {}};
}

std::shared_ptr<const Map> Value::share_map() const {
  return {&as_map(), [keep = *this](const Map*) {}};
}

std::string Value::type_name() const {
  if (kind_ == Kind::opaque) return std::string(as_opaque().type_name());
  return std::string(cel::type_name(kind_));
}

} // namespace allod::cel
