#include <algorithm>

#include "base/text.h"
#include "document/schema/validator.h"

namespace allod::document::schema {

void Validator::members(const Value& schema, const std::string& base, const Value& value) {
  required(schema, value);
  counts(schema, value, "minProperties", "maxProperties", value.size(), "key");
  for (const Member& entry : value.members())
    member(schema, base, entry);
  dependents(schema, base, value);
}

void Validator::member(const Value& schema, const std::string& base, const Member& entry) {
  if (const Value* names = schema.find("propertyNames")) {
    below(entry.key, *names, base, Value(entry.key).set_mark(entry.key_mark));
  }
  bool known = false;
  if (const Value* properties = schema.find("properties")) {
    if (const Value* property = properties->find(entry.key)) {
      known = true;
      below(entry.key, *property, base, entry.value);
    }
  }
  if (const Value* patterns = schema.find("patternProperties")) {
    for (const Member& pattern : patterns->members()) {
      const RE2* compiled = store_.pattern(pattern.key);
      const re2::StringPiece key(entry.key.data(), entry.key.size());
      if (compiled == nullptr || !RE2::PartialMatch(key, *compiled)) continue;
      known = true;
      below(entry.key, pattern.value, base, entry.value);
    }
  }
  const Value* others = schema.find("additionalProperties");
  if (known || others == nullptr) return;
  if (others->is_boolean()) {
    if (!others->as_boolean()) unknown_key(schema, entry);
    return;
  }
  below(entry.key, *others, base, entry.value);
}

void Validator::unknown_key(const Value& schema, const Member& entry) {
  std::vector<std::string> known;
  if (const Value* properties = schema.find("properties")) {
    for (const Member& property : properties->members())
      known.push_back(property.key);
  }
  std::sort(known.begin(), known.end());
  report(Fault::unknown_key, entry.key_mark, "unknown key \"" + entry.key + "\"",
         known.empty() ? "no keys can stand here" : suggestion(entry.key, known, "keys"),
         {nearest(entry.key, known)});
}

void Validator::dependents(const Value& schema, const std::string& base, const Value& value) {
  if (const Value* needs = schema.find("dependentRequired")) {
    for (const Member& need : needs->members()) {
      const Member* cause = value.find_member(need.key);
      if (cause == nullptr) continue;
      for (const Value& key : need.value.items()) {
        if (value.contains(key.as_string())) continue;
        report(Fault::missing, cause->key_mark,
               "\"" + need.key + "\" needs the key \"" + key.as_string() + "\" beside it", "",
               {key.as_string()});
      }
    }
  }
  const Value* schemas = schema.find("dependentSchemas");
  if (schemas == nullptr) return;
  for (const Member& dependent : schemas->members()) {
    if (value.contains(dependent.key)) node(dependent.value, base, value);
  }
}

void Validator::elements(const Value& schema, const std::string& base, const Value& value) {
  counts(schema, value, "minItems", "maxItems", value.size(), "element");
  unique(schema, value);
  std::size_t at = 0;
  if (const Value* prefix = schema.find("prefixItems")) {
    for (; at < value.size() && at < prefix->size(); ++at) {
      below(at, prefix->items()[at], base, value.items()[at]);
    }
  }
  if (const Value* items = schema.find("items")) {
    for (; at < value.size(); ++at)
      below(at, *items, base, value.items()[at]);
  }
  contains(schema, base, value);
}

void Validator::contains(const Value& schema, const std::string& base, const Value& value) {
  const Value* wanted = schema.find("contains");
  if (wanted == nullptr) return;
  const Value* least = schema.find("minContains");
  const Value* most = schema.find("maxContains");
  const auto found = static_cast<double>(
      std::count_if(value.items().begin(), value.items().end(),
                    [&](const Value& item) { return apart(*wanted, base, item).empty(); }));
  const double needed = least == nullptr ? 1 : least->as_number();
  const std::string what = wanted->string_or("title", "element of the kind that is asked for");
  if (found < needed) {
    report(Fault::other, value.mark(),
           "this list lacks " + (needed == 1 ? "an" : shown(*least)) + " " + what,
           wanted->string_or("description", ""));
  }
  if (most != nullptr && found > most->as_number()) {
    report(Fault::other, value.mark(),
           "this list may hold " + what + " " + shown(*most) + " times at most");
  }
}

} // namespace allod::document::schema
