#include "policy/crd_schema.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "document/cel_value.h"
#include "policy/expression.h"

namespace allod::policy {

using cel::Type;
using document::Member;
using document::Value;

namespace {

constexpr std::array<std::string_view, 21> kReserved{
    "true",     "false",   "null",      "in",       "as",  "break",  "const",
    "continue", "else",    "for",       "function", "if",  "import", "let",
    "loop",     "package", "namespace", "return",   "var", "void",   "while"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kEscapes{
    {{"__", "__underscores__"}, {".", "__dot__"}, {"-", "__dash__"}, {"/", "__slash__"}}};

bool is_reserved(std::string_view name) {
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

std::string word_at(const Value& map, std::string_view key) {
  return map.string_or(key, "");
}

SchemaType string_type(const std::string& format) {
  if (format == "byte") return SchemaType::bytes;
  if (format == "duration") return SchemaType::duration;
  if (format == "date") return SchemaType::date;
  if (format == "date-time") return SchemaType::date_time;
  return SchemaType::string;
}

SchemaType type_of(const Value& schema) {
  if (schema.boolean_or("x-kubernetes-int-or-string", false)) return SchemaType::int_or_string;
  const std::string word = word_at(schema, "type");
  if (word == "object") {
    const Value* additional = schema.find("additionalProperties");
    return additional != nullptr && additional->is_map() ? SchemaType::map : SchemaType::object;
  }
  if (word == "array") return SchemaType::array;
  if (word == "string") return string_type(word_at(schema, "format"));
  if (word == "boolean") return SchemaType::boolean;
  if (word == "number") return SchemaType::number;
  if (word == "integer") return SchemaType::integer;
  return SchemaType::none;
}

bool needs_conversion(SchemaType type) {
  switch (type) {
  case SchemaType::bytes:
  case SchemaType::duration:
  case SchemaType::date:
  case SchemaType::date_time:
  case SchemaType::number:
    return true;
  default:
    return false;
  }
}

class SchemaReader {
 public:
  SchemaReader(std::string name, FieldErrors& errors)
      : name_(std::move(name)), errors_(errors), environment_(crd_environment()) {}

  std::unique_ptr<SchemaNode> read(const Value& schema, const std::string& path, bool root) {
    auto node = std::make_unique<SchemaNode>();
    node->type = type_of(schema);
    node->type_word = word_at(schema, "type");
    node->nullable = schema.boolean_or("nullable", false);
    node->resource = root || schema.boolean_or("x-kubernetes-embedded-resource", false);
    node->plain = !needs_conversion(node->type);
    if (const Value* fallback = schema.find("default")) {
      node->default_value = document::to_cel(*fallback);
      node->plain = false; // the object does not hold it
    }
    const std::string map_type = word_at(schema, "x-kubernetes-map-type");
    node->correlated_map = map_type.empty() || map_type == "granular" || map_type == "atomic";
    if (word_at(schema, "x-kubernetes-list-type") == "map") {
      node->list_keys = schema.strings_at("x-kubernetes-list-map-keys");
    }
    read_children(schema, path, *node);
    node->declared = declare(*node);
    read_rules(schema, path, *node);
    read_all_of(schema, path, *node);
    node->ruled = node->ruled || !node->rules.empty();
    return node;
  }

 private:
  static cel::Environment crd_environment() { return cel::Environment::kubernetes(); }

  void adopt(SchemaNode& node, const SchemaNode& child) {
    node.plain = node.plain && child.plain;
    node.ruled = node.ruled || child.ruled;
  }

  void read_children(const Value& schema, const std::string& path, SchemaNode& node) {
    if (const Value* properties = schema.find("properties");
        properties != nullptr && properties->is_map()) {
      for (const Member& member : properties->members()) {
        auto child = read(member.value, path + ".properties[" + member.key + "]", false);
        const std::optional<std::string> escaped = escape_field(member.key);
        if (escaped && *escaped != member.key) node.plain = false;
        adopt(node, *child);
        node.properties.emplace(member.key, std::move(child));
      }
    }
    const char* field = node.type == SchemaType::map ? "additionalProperties" : "items";
    if (const Value* items = schema.find(field); items != nullptr && items->is_map()) {
      node.items = read(*items, path + "." + field, false);
      adopt(node, *node.items);
    }
  }

  /// Rules of allOf are about the same values; types come from the schema around it.
  void read_all_of(const Value& schema, const std::string& path, SchemaNode& node) {
    const Value* all = schema.find("allOf");
    if (all == nullptr || !all->is_list()) return;
    for (std::size_t i = 0; i < all->items().size(); ++i)
      read_nested(all->items()[i], path + ".allOf[" + std::to_string(i) + "]", node);
  }

  void read_nested(const Value& schema, const std::string& path, SchemaNode& node) {
    read_rules(schema, path, node);
    read_all_of(schema, path, node);
    if (const Value* properties = schema.find("properties");
        properties != nullptr && properties->is_map()) {
      for (const Member& member : properties->members()) {
        const auto child = node.properties.find(member.key);
        if (child == node.properties.end()) continue;
        read_nested(member.value, path + ".properties[" + member.key + "]", *child->second);
        node.ruled = node.ruled || child->second->ruled;
      }
    }
    const char* field = node.type == SchemaType::map ? "additionalProperties" : "items";
    if (const Value* items = schema.find(field); items != nullptr && node.items != nullptr) {
      read_nested(*items, path + "." + field, *node.items);
      node.ruled = node.ruled || node.items->ruled;
    }
    node.ruled = node.ruled || !node.rules.empty();
  }

  Type declare(SchemaNode& node) {
    switch (node.type) {
    case SchemaType::none:
      return {};
    case SchemaType::int_or_string:
      return Type::dyn();
    case SchemaType::array:
      return node.items == nullptr ? Type::list() : Type::list(node.items->declared);
    case SchemaType::map:
      return Type::map(Type::string(), node.items == nullptr ? Type::dyn() : node.items->declared);
    case SchemaType::object:
      return declare_object(node);
    case SchemaType::string:
      return Type::string();
    case SchemaType::bytes:
      return Type::bytes();
    case SchemaType::duration:
      return Type::duration();
    case SchemaType::date:
    case SchemaType::date_time:
      return Type::timestamp();
    case SchemaType::boolean:
      return Type::boolean();
    case SchemaType::number:
      return Type::float64();
    case SchemaType::integer:
      return Type::int64();
    }
    return {};
  }

  std::string fresh_name() { return name_ + std::to_string(++objects_); }

  Type declare_object(const SchemaNode& node) {
    std::map<std::string, Type> types;
    for (const auto& [name, child] : node.properties) {
      const std::optional<std::string> escaped = escape_field(name);
      if (escaped && child->type != SchemaType::none) types[*escaped] = child->declared;
    }
    if (node.resource) {
      // Always there at the root of a resource, and all that is seen of its metadata.
      types["apiVersion"] = types["kind"] = Type::string();
      const std::string metadata = fresh_name();
      environment_.declare_object(metadata,
                                  {{"name", Type::string()}, {"generateName", Type::string()}});
      types["metadata"] = Type::object(metadata);
    }
    std::vector<cel::Field> fields;
    for (auto& [name, type] : types)
      fields.push_back({name, type});
    const std::string name = fresh_name();
    environment_.declare_object(name, std::move(fields));
    return Type::object(name);
  }

  void read_rules(const Value& schema, const std::string& path, SchemaNode& node) {
    const Value* rules = schema.find("x-kubernetes-validations");
    if (rules == nullptr || !rules->is_list()) return;
    for (std::size_t i = 0; i < rules->items().size(); ++i) {
      read_rule(rules->items()[i], path + ".x-kubernetes-validations[" + std::to_string(i) + "]",
                node);
    }
  }

  void read_rule(const Value& value, const std::string& path, SchemaNode& node) {
    Fields fields(value, path, errors_);
    const std::size_t before = errors_.count();
    const bool optional = fields.boolean("optionalOldSelf", false);
    cel::Environment names = environment_;
    names.declare("self", node.declared);
    names.declare("oldSelf", optional ? Type::optional(node.declared) : node.declared);
    const Value* text = fields.text("rule");
    std::optional<Expression> rule;
    if (text == nullptr || trim(text->as_string()).empty()) {
      errors_.required(text == nullptr ? value.mark() : text->mark(), fields.path("rule"));
    } else {
      rule = compile_expression(*text, fields.path("rule"), names, {Type::boolean()}, errors_);
    }
    std::optional<Expression> message;
    if (const Value* given = fields.text("messageExpression");
        given != nullptr && !given->as_string().empty()) {
      message = compile_expression(*given, fields.path("messageExpression"), names,
                                   {Type::string()}, errors_);
    }
    static const std::vector<std::string> kReasons{"FieldValueInvalid", "FieldValueForbidden",
                                                   "FieldValueRequired", "FieldValueDuplicate"};
    const std::size_t reason = fields.choice("reason", kReasons);
    const std::string fixed(trim(fields.string("message")));
    const std::string field_path = fields.string("fieldPath");
    fields.finish();
    if (errors_.count() != before || !rule) return;
    const bool old = rule->program.variables().count("oldSelf") != 0;
    node.rules.push_back(
        {std::move(*rule), fixed, std::move(message), kReasons[reason], field_path, optional, old});
  }

  std::string name_;
  FieldErrors& errors_;
  cel::Environment environment_;
  std::size_t objects_ = 0;
};

} // namespace

std::unique_ptr<SchemaNode> read_crd_schema(const Value& schema, const std::string& path,
                                            const std::string& name, FieldErrors& errors) {
  return SchemaReader(name, errors).read(schema, path, true);
}

std::optional<std::string> escape_field(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return std::nullopt;
  if (is_reserved(name)) return "__" + std::string(name) + "__";
  std::string escaped;
  for (std::size_t i = 0; i < name.size();) {
    const auto escape = std::find_if(kEscapes.begin(), kEscapes.end(), [&](const auto& entry) {
      return name.substr(i).starts_with(entry.first);
    });
    if (escape != kEscapes.end()) {
      escaped += escape->second;
      i += escape->first.size();
      continue;
    }
    const char c = name[i++];
    const bool fits =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!fits) return std::nullopt;
    escaped += c;
  }
  return escaped;
}

std::string unescape_field(std::string_view escaped) {
  if (escaped.find("__") == std::string_view::npos) return std::string(escaped);
  if (escaped.size() > 4 && escaped.starts_with("__") && escaped.ends_with("__") &&
      is_reserved(escaped.substr(2, escaped.size() - 4))) {
    return std::string(escaped.substr(2, escaped.size() - 4));
  }
  std::string name;
  for (std::size_t i = 0; i < escaped.size();) {
    const auto escape = std::find_if(kEscapes.begin(), kEscapes.end(), [&](const auto& entry) {
      return escaped.substr(i).starts_with(entry.second);
    });
    if (escape == kEscapes.end()) {
      name += escaped[i++];
    } else {
      name += escape->first;
      i += escape->second.size();
    }
  }
  return name;
}

} // namespace allod::policy
