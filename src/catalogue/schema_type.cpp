#include "catalogue/schema_type.h"

namespace allod::catalogue {
namespace {

using document::Value;

cel::Type type_of_literal(const Value& value) {
  switch (value.kind()) {
  case document::Kind::boolean:
    return cel::Type::boolean();
  case document::Kind::integer:
    return cel::Type::int64();
  case document::Kind::number:
    return cel::Type::float64();
  case document::Kind::string:
    return cel::Type::string();
  default:
    return cel::Type::dyn();
  }
}

cel::Type type_of_object(const Value& schema, const std::string& name,
                         cel::Environment& environment) {
  const Value* properties = schema.find("properties");
  if (properties == nullptr || properties->size() == 0) {
    const Value* rest = schema.find("additionalProperties");
    const bool typed = rest != nullptr && rest->is_map();
    return cel::Type::map(cel::Type::string(),
                          typed ? type_of_schema(*rest, name + ".value", environment)
                                : cel::Type::dyn());
  }
  std::vector<cel::Field> fields;
  for (const document::Member& property : properties->members()) {
    fields.push_back(
        {property.key, type_of_schema(property.value, name + "." + property.key, environment)});
  }
  // The name must be none that an expression could mean: `stack.listen` is a path.
  environment.declare_object("object " + name, std::move(fields));
  return cel::Type::object("object " + name);
}

} // namespace

cel::Type type_of_schema(const Value& schema, const std::string& name,
                         cel::Environment& environment) {
  if (const Value* constant = schema.find("const")) return type_of_literal(*constant);
  if (const Value* choices = schema.find("enum"); choices != nullptr && choices->size() > 0) {
    return type_of_literal(choices->items().front());
  }
  const std::string type = schema.string_or("type", "");
  if (type == "string") return cel::Type::string();
  if (type == "integer") return cel::Type::int64();
  if (type == "number") return cel::Type::float64();
  if (type == "boolean") return cel::Type::boolean();
  if (type == "array") {
    const Value* items = schema.find("items");
    return cel::Type::list(items == nullptr ? cel::Type::dyn()
                                            : type_of_schema(*items, name + ".item", environment));
  }
  if (type == "object") return type_of_object(schema, name, environment);
  return cel::Type::dyn();
}

} // namespace allod::catalogue
