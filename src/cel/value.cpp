#include "cel/value.h"

#include <cassert>
#include <utility>

#include "cel/value_map.h"

namespace allod::cel {

namespace {

/// A list that owns its elements.
class OwnedList final : public List {
 public:
  explicit OwnedList(std::vector<Value> elements) : elements_(std::move(elements)) {}
  [[nodiscard]] std::size_t size() const override { return elements_.size(); }
  [[nodiscard]] Value at(std::size_t index) const override { return elements_[index]; }
  [[nodiscard]] const std::vector<Value>& elements() const { return elements_; }

 private:
  std::vector<Value> elements_;
};

struct OptionalContent {
  std::optional<Value> value;
};

template<class T>
const T& content(const std::shared_ptr<const void>& object) {
  return *static_cast<const T*>(object.get());
}

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
  return find(std::string_view(key.as_string()));
}

// Our own lists and foreign ones share a representation: both are held as a List, and a flag tells
// elements() that the vector may be read directly.

Value Value::string(std::string text) {
  return {Kind::string, std::make_shared<const std::string>(std::move(text))};
}

Value Value::bytes(std::string octets) {
  return {Kind::bytes, std::make_shared<const std::string>(std::move(octets))};
}

Value Value::list(std::vector<Value> elements) {
  std::shared_ptr<const List> list = std::make_shared<const OwnedList>(std::move(elements));
  Value result(Kind::list, std::move(list));
  result.scalar_.boolean = true;
  return result;
}

Value Value::list(std::shared_ptr<const List> foreign) {
  return {Kind::list, std::move(foreign)};
}

Value Value::map(std::vector<std::pair<Value, Value>> entries) {
  return map(make_owned_map(std::move(entries)));
}

Value Value::map(std::shared_ptr<const Map> foreign) {
  return {Kind::map, std::move(foreign)};
}

Value Value::timestamp(Timestamp value) {
  Value result;
  result.scalar_.integer = value.seconds;
  result.nanoseconds_ = value.nanoseconds;
  result.kind_ = Kind::timestamp;
  return result;
}

Value Value::duration(Duration value) {
  Value result;
  result.scalar_.integer = value.count();
  result.kind_ = Kind::duration;
  return result;
}

Value Value::type(std::string name) {
  return {Kind::type, std::make_shared<const std::string>(std::move(name))};
}

Value Value::optional(Value present) {
  return {Kind::optional,
          std::make_shared<const OptionalContent>(OptionalContent{std::move(present)})};
}

Value Value::none() {
  return {Kind::optional, std::make_shared<const OptionalContent>()};
}

Value Value::opaque(std::shared_ptr<const Opaque> value) {
  return {Kind::opaque, std::move(value)};
}

Value Value::unknown(std::string attribute) {
  return unknown(std::set<std::string>{std::move(attribute)});
}

Value Value::unknown(std::set<std::string> attributes) {
  return {Kind::unknown, std::make_shared<const std::set<std::string>>(std::move(attributes))};
}

Value Value::error(std::string message) {
  return error(EvaluationError{std::move(message), 0, 0, false});
}

Value Value::error(EvaluationError error) {
  return {Kind::error, std::make_shared<const EvaluationError>(std::move(error))};
}

const std::string& Value::as_string() const {
  assert(kind_ == Kind::string);
  return content<std::string>(object_);
}

const std::string& Value::as_bytes() const {
  assert(kind_ == Kind::bytes);
  return content<std::string>(object_);
}

const List& Value::as_list() const {
  assert(kind_ == Kind::list);
  return content<List>(object_);
}

const Map& Value::as_map() const {
  assert(kind_ == Kind::map);
  return content<Map>(object_);
}

const std::string& Value::as_type() const {
  assert(kind_ == Kind::type);
  return content<std::string>(object_);
}

const Value* Value::as_optional() const {
  assert(kind_ == Kind::optional);
  const auto& optional = content<OptionalContent>(object_);
  return optional.value ? &*optional.value : nullptr;
}

const Opaque& Value::as_opaque() const {
  assert(kind_ == Kind::opaque);
  return content<Opaque>(object_);
}

const std::set<std::string>& Value::as_unknown() const {
  assert(kind_ == Kind::unknown);
  return content<std::set<std::string>>(object_);
}

const EvaluationError& Value::as_error() const {
  assert(kind_ == Kind::error);
  return content<EvaluationError>(object_);
}

const std::vector<Value>* Value::elements() const {
  if (kind_ != Kind::list || !scalar_.boolean) return nullptr;
  return &static_cast<const OwnedList&>(as_list()).elements();
}

std::shared_ptr<const List> Value::share_list() const {
  return {object_, &as_list()};
}

std::shared_ptr<const Map> Value::share_map() const {
  return {object_, &as_map()};
}

std::string Value::type_name() const {
  if (kind_ == Kind::opaque) return std::string(as_opaque().type_name());
  return std::string(cel::type_name(kind_));
}

} // namespace allod::cel
