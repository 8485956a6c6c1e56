#include "document/cel_value.h"

#include <limits>

namespace allod::document {
namespace {

Result<Value> list_from_cel(const cel::List& list) {
  Value result = Value::list();
  for (std::size_t i = 0; i < list.size(); ++i) {
    Result<Value> item = from_cel(list.at(i));
    if (!item) return item;
    result.push(std::move(*item));
  }
  return result;
}

Result<Value> map_from_cel(const cel::Map& map) {
  Value result = Value::map();
  for (std::size_t i = 0; i < map.size(); ++i) {
    const auto [key, value] = map.entry(i);
    if (!key.is(cel::Kind::string)) {
      return Error(ErrorCode::invalid_input, "the key " + key.to_string(60) + " is not a text");
    }
    Result<Value> converted = from_cel(value);
    if (!converted) return converted;
    result.set(std::string(key.as_string()), std::move(*converted));
  }
  return result;
}

Result<Value> unsigned_from_cel(std::uint64_t number) {
  if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return Error(ErrorCode::invalid_input, std::to_string(number) + " is too large");
  }
  return Value(static_cast<std::int64_t>(number));
}

} // namespace

cel::Value to_cel(const Value& value) {
  switch (value.kind()) {
  case Kind::null:
    return cel::Value::null();
  case Kind::boolean:
    return cel::Value::of_bool(value.as_boolean());
  case Kind::integer:
    return cel::Value::of_int(value.as_integer());
  case Kind::number:
    return cel::Value::of_double(value.as_number());
  case Kind::string:
    return cel::Value::string(value.as_string());
  case Kind::list: {
    std::vector<cel::Value> items;
    items.reserve(value.size());
    for (const Value& item : value.items())
      items.push_back(to_cel(item));
    return cel::Value::list(std::move(items));
  }
  case Kind::map:
    break;
  }
  std::vector<std::pair<cel::Value, cel::Value>> entries;
  entries.reserve(value.size());
  for (const Member& member : value.members()) {
    entries.emplace_back(cel::Value::string(member.key), to_cel(member.value));
  }
  return cel::Value::map(std::move(entries));
}

Result<Value> from_cel(const cel::Value& value) {
  switch (value.kind()) {
  case cel::Kind::null:
    return Value();
  case cel::Kind::boolean:
    return Value(value.as_bool());
  case cel::Kind::int64:
    return Value(value.as_int());
  case cel::Kind::uint64:
    return unsigned_from_cel(value.as_uint());
  case cel::Kind::float64:
    return Value(value.as_double());
  case cel::Kind::string:
    return Value(std::string(value.as_string()));
  case cel::Kind::list:
    return list_from_cel(value.as_list());
  case cel::Kind::map:
    return map_from_cel(value.as_map());
  case cel::Kind::optional:
    return value.as_optional() == nullptr ? Result<Value>(Value()) : from_cel(*value.as_optional());
  case cel::Kind::timestamp:
  case cel::Kind::duration:
  case cel::Kind::opaque:
    return Value(value.to_string());
  default:
    return Error(ErrorCode::invalid_input,
                 "a value of type " + value.type_name() + " cannot be written to a document");
  }
}

} // namespace allod::document
