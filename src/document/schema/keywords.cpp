#include "document/schema/keywords.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "document/schema/reference.h"

namespace allod::document::schema {
namespace {

/// The form of a keyword's value.
enum class Form {
  any,
  text,
  flag,
  count,
  number,
  positive,
  list,
  texts,
  texts_by_key,
  types,
  pattern,
  format,
  schema,
  schemas,
  schemas_by_key,
  schemas_by_pattern,
  dialect,
};

using Entry = std::pair<std::string_view, Form>;

constexpr std::array<Entry, 52> kKeywords = {{
    {"$schema", Form::dialect},
    {"$id", Form::text},
    {"$anchor", Form::text},
    {"$ref", Form::text},
    {"$defs", Form::schemas_by_key},
    {"$comment", Form::text},
    {"title", Form::text},
    {"description", Form::text},
    {"default", Form::any},
    {"examples", Form::list},
    {"deprecated", Form::flag},
    {"readOnly", Form::flag},
    {"writeOnly", Form::flag},
    {"type", Form::types},
    {"enum", Form::list},
    {"const", Form::any},
    {"properties", Form::schemas_by_key},
    {"patternProperties", Form::schemas_by_pattern},
    {"additionalProperties", Form::schema},
    {"propertyNames", Form::schema},
    {"required", Form::texts},
    {"dependentRequired", Form::texts_by_key},
    {"dependentSchemas", Form::schemas_by_key},
    {"minProperties", Form::count},
    {"maxProperties", Form::count},
    {"items", Form::schema},
    {"prefixItems", Form::schemas},
    {"contains", Form::schema},
    {"minContains", Form::count},
    {"maxContains", Form::count},
    {"minItems", Form::count},
    {"maxItems", Form::count},
    {"uniqueItems", Form::flag},
    {"minLength", Form::count},
    {"maxLength", Form::count},
    {"pattern", Form::pattern},
    {"format", Form::format},
    {"contentEncoding", Form::text},
    {"contentMediaType", Form::text},
    {"contentSchema", Form::schema},
    {"minimum", Form::number},
    {"maximum", Form::number},
    {"exclusiveMinimum", Form::number},
    {"exclusiveMaximum", Form::number},
    {"multipleOf", Form::positive},
    {"oneOf", Form::schemas},
    {"anyOf", Form::schemas},
    {"allOf", Form::schemas},
    {"not", Form::schema},
    {"if", Form::schema},
    {"then", Form::schema},
    {"else", Form::schema},
}};

constexpr std::array<std::pair<std::string_view, const char*>, 7> kTypes = {{
    {"null", "null"},
    {"boolean", "true or false"},
    {"integer", "an integer"},
    {"number", "a number"},
    {"string", "a text"},
    {"array", "a list"},
    {"object", "a map"},
}};

constexpr std::string_view kDialect = "https://json-schema.org/draft/2020-12/schema";

/// Formats of the specification (Validation, section 7.3) that carry no check of ours.
constexpr std::array<std::string_view, 19> kFormats = {{
    "date-time", "date",          "time", "duration",     "email",        "idn-email",
    "hostname",  "idn-hostname",  "ipv4", "ipv6",         "uri",          "uri-reference",
    "iri",       "iri-reference", "uuid", "uri-template", "json-pointer", "relative-json-pointer",
    "regex",
}};

bool is_texts(const Value& value) {
  return value.is_list() && std::all_of(value.items().begin(), value.items().end(),
                                        [](const Value& item) { return item.is_string(); });
}

bool is_whole(const Value& value) {
  return value.is_integer() ||
         (value.is_numeric() && value.as_number() >= 0 &&
          value.as_number() == static_cast<double>(static_cast<std::int64_t>(value.as_number())));
}

class Walker {
 public:
  explicit Walker(const Visitor& visitor) : visitor_(visitor) {}

  void schema(const Value& value, const std::string& base);
  std::vector<Error> take() { return std::move(faults_); }

 private:
  void keyword(const Member& member, Form form, const std::string& base);
  void simple(const Member& member, Form form);
  void schemas(const Member& member, Form form, const std::string& base);
  void types(const Value& value);
  void pattern(const std::string& text, const Mark& mark);
  void fault(const Mark& mark, std::string message, std::string hint = {}) {
    faults_.push_back(error_at(mark, std::move(message)).with_hint(std::move(hint)));
  }
  void expect(bool fits, const Member& member, const char* what) {
    if (!fits) fault(member.value.mark(), "\"" + member.key + "\" must be " + what);
  }

  const Visitor& visitor_;
  std::vector<Error> faults_;
};

void Walker::schema(const Value& value, const std::string& base) {
  if (value.is_boolean()) return;
  if (!value.is_map()) {
    fault(value.mark(), std::string("expected a schema, found ") + describe(value.kind()));
    return;
  }
  const std::string own_base = base_within(value, base);
  visitor_.on_schema(value, base, own_base);
  for (const Member& member : value.members()) {
    const auto known = std::find_if(kKeywords.begin(), kKeywords.end(),
                                    [&](const Entry& entry) { return entry.first == member.key; });
    if (known != kKeywords.end()) {
      keyword(member, known->second, own_base);
    } else if (!member.key.starts_with("x-")) {
      std::vector<std::string> names;
      for (const Entry& entry : kKeywords)
        names.emplace_back(entry.first);
      const std::string near = nearest(member.key, names);
      fault(member.key_mark, "unknown keyword \"" + member.key + "\" in a schema",
            near.empty() ? "" : "did you mean \"" + near + "\"?");
    }
  }
}

void Walker::keyword(const Member& member, Form form, const std::string& base) {
  switch (form) {
  case Form::schema:
    schema(member.value, base);
    return;
  case Form::schemas:
  case Form::schemas_by_key:
  case Form::schemas_by_pattern:
    schemas(member, form, base);
    return;
  case Form::types:
    types(member.value);
    return;
  case Form::pattern:
    if (member.value.is_string()) return pattern(member.value.as_string(), member.value.mark());
    return expect(false, member, "a text");
  default:
    simple(member, form);
  }
}

void Walker::simple(const Member& member, Form form) {
  const Value& value = member.value;
  switch (form) {
  case Form::text:
    return expect(value.is_string(), member, "a text");
  case Form::flag:
    return expect(value.is_boolean(), member, "true or false");
  case Form::list:
    return expect(value.is_list(), member, "a list");
  case Form::number:
    return expect(value.is_numeric(), member, "a number");
  case Form::positive:
    return expect(value.is_numeric() && value.as_number() > 0, member, "a number above 0");
  case Form::count:
    return expect(is_whole(value) && value.as_number() >= 0, member, "an integer, 0 or more");
  case Form::texts:
    return expect(is_texts(value), member, "a list of texts");
  case Form::texts_by_key: {
    const bool fits =
        value.is_map() && std::all_of(value.members().begin(), value.members().end(),
                                      [](const Member& entry) { return is_texts(entry.value); });
    return expect(fits, member, "a map of lists of texts");
  }
  case Form::dialect:
    return expect(value.is_string() && value.as_string() == kDialect, member,
                  "\"https://json-schema.org/draft/2020-12/schema\"");
  case Form::format: {
    if (!value.is_string()) return expect(false, member, "a text");
    const bool standard =
        std::find(kFormats.begin(), kFormats.end(), value.as_string()) != kFormats.end();
    if (!standard && !visitor_.knows_format(value.as_string())) {
      fault(value.mark(), "unknown format \"" + value.as_string() + "\"");
    }
    return;
  }
  default:
    return;
  }
}

void Walker::schemas(const Member& member, Form form, const std::string& base) {
  const bool list = form == Form::schemas;
  if (list ? !member.value.is_list() || member.value.size() == 0 : !member.value.is_map()) {
    return expect(false, member, list ? "a list of schemas" : "a map of schemas");
  }
  if (list) {
    for (const Value& item : member.value.items())
      schema(item, base);
    return;
  }
  for (const Member& entry : member.value.members()) {
    if (form == Form::schemas_by_pattern) pattern(entry.key, entry.key_mark);
    schema(entry.value, base);
  }
}

void Walker::types(const Value& value) {
  const auto one = [&](const Value& type) {
    if (type.is_string() && describe_type(type.as_string()) != nullptr) return;
    std::vector<std::string> names;
    for (const auto& [name, unused] : kTypes)
      names.emplace_back(name);
    fault(type.mark(), "unknown type in a schema",
          suggestion(type.is_string() ? type.as_string() : "", names, "types"));
  };
  if (!value.is_list()) return one(value);
  for (const Value& type : value.items())
    one(type);
}

void Walker::pattern(const std::string& text, const Mark& mark) {
  if (Status compiled = visitor_.on_pattern(text); !compiled) {
    fault(mark, compiled.error().message(), compiled.error().hint());
  }
}

} // namespace

std::vector<Error> walk_schema(const Value& schema, const std::string& base,
                               const Visitor& visitor) {
  Walker walker(visitor);
  walker.schema(schema, base);
  return walker.take();
}

std::string base_within(const Value& schema, const std::string& base) {
  const Value* id = schema.find("$id");
  return id != nullptr && id->is_string() ? resolve_reference(base, id->as_string()) : base;
}

const char* describe_type(std::string_view type) {
  for (const auto& [name, words] : kTypes) {
    if (name == type) return words;
  }
  return nullptr;
}

} // namespace allod::document::schema
