#include "policy/crd_view.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "cel/time.h"

namespace allod::policy {

namespace {

using cel::Kind;
using cel::Value;

class ListView : public cel::List {
 public:
  ListView(Value list, const SchemaNode& items) : list_(std::move(list)), items_(items) {}
  [[nodiscard]] std::size_t size() const override { return list_.as_list().size(); }
  [[nodiscard]] Value at(std::size_t index) const override {
    return view_by_schema(list_.as_list().at(index), items_);
  }

 private:
  Value list_;
  const SchemaNode& items_;
};

/// A map with values of one schema; keys stay.
class MapView : public cel::Map {
 public:
  MapView(Value map, const SchemaNode& values) : map_(std::move(map)), values_(values) {}
  [[nodiscard]] std::size_t size() const override { return map_.as_map().size(); }
  [[nodiscard]] std::optional<Value> find(std::string_view key) const override {
    const std::optional<Value> value = map_.as_map().find(key);
    if (!value) return value;
    return view_by_schema(*value, values_);
  }
  [[nodiscard]] std::pair<Value, Value> entry(std::size_t index) const override {
    auto [key, value] = map_.as_map().entry(index);
    return {std::move(key), view_by_schema(value, values_)};
  }

 private:
  Value map_;
  const SchemaNode& values_;
};

/// An object: fields by their escaped names, missing ones by their defaults.
class ObjectView : public cel::Map {
 public:
  ObjectView(Value object, const SchemaNode& node) : object_(std::move(object)), node_(node) {}
  [[nodiscard]] std::size_t size() const override { return entries().size(); }
  [[nodiscard]] std::optional<Value> find(std::string_view key) const override {
    return field(unescape_field(key));
  }
  [[nodiscard]] std::pair<Value, Value> entry(std::size_t index) const override {
    return entries()[index];
  }

 private:
  [[nodiscard]] std::optional<Value> field(const std::string& name) const {
    const std::optional<Value> value = object_.as_map().find(name);
    const auto child = node_.properties.find(name);
    if (child == node_.properties.end()) return value;
    if (value && !(value->is_null() && !child->second->nullable)) {
      return view_by_schema(*value, *child->second);
    }
    // A null that the schema does not allow is taken for missing, and gets the default.
    if (!child->second->default_value) return std::nullopt;
    return view_by_schema(*child->second->default_value, *child->second);
  }
  /// Objects are compared and counted rarely: the entries are made when they are asked for.
  [[nodiscard]] const std::vector<std::pair<Value, Value>>& entries() const {
    if (entries_) return *entries_;
    entries_.emplace();
    for (const auto& property : node_.properties) {
      const std::optional<std::string> escaped = escape_field(property.first);
      std::optional<Value> value = field(property.first);
      if (escaped && value) entries_->emplace_back(Value::string(*escaped), std::move(*value));
    }
    return *entries_;
  }

  Value object_;
  const SchemaNode& node_;
  mutable std::optional<std::vector<std::pair<Value, Value>>> entries_;
};

Value wrong(const char* text) {
  return Value::error(std::string("invalid data, expected ") + text);
}

Value convert_text(const Value& value, SchemaType type) {
  if (!value.is(Kind::string)) return wrong("string");
  const std::string text(value.as_string());
  switch (type) {
  case SchemaType::bytes: {
    const Result<Bytes> octets = from_base64(text);
    return octets ? Value::bytes(std::string(octets->begin(), octets->end()))
                  : Value::error("Invalid byte formatted string " + text);
  }
  case SchemaType::duration: {
    const std::optional<cel::Duration> duration = cel::parse_duration(text);
    return duration ? Value::duration(*duration) : Value::error("Invalid duration " + text);
  }
  default: {
    const std::optional<cel::Timestamp> time =
        cel::parse_timestamp(type == SchemaType::date ? text + "T00:00:00Z" : text);
    return time ? Value::timestamp(*time)
                : Value::error("Invalid date-time formatted string " + text);
  }
  }
}

} // namespace

Value view_by_schema(const Value& value, const SchemaNode& node) {
  if (value.is_abnormal()) return value;
  if (value.is_null()) {
    return node.nullable ? value
                         : Value::error("invalid data, got null for schema with nullable=false");
  }
  switch (node.type) {
  case SchemaType::bytes:
  case SchemaType::duration:
  case SchemaType::date:
  case SchemaType::date_time:
    return convert_text(value, node.type);
  case SchemaType::number:
    return value.is(Kind::int64) ? Value::of_double(static_cast<double>(value.as_int())) : value;
  case SchemaType::object:
    if (!value.is(Kind::map)) return wrong("a map for the provided schema with type=object");
    if (node.plain) return value;
    return Value::map(std::make_shared<ObjectView>(value, node));
  case SchemaType::map:
    if (!value.is(Kind::map)) return wrong("a map for the provided schema with type=object");
    if (node.plain || node.items == nullptr) return value;
    return Value::map(std::make_shared<MapView>(value, *node.items));
  case SchemaType::array:
    if (!value.is(Kind::list)) return wrong("an array for the provided schema with type=array");
    if (node.plain || node.items == nullptr) return value;
    return Value::list(std::make_shared<ListView>(value, *node.items));
  default:
    return value;
  }
}

} // namespace allod::policy
