#include "document/schema/defaults.h"

#include "document/schema/keywords.h"
#include "document/schema/validator.h"

namespace allod::document::schema {
namespace {

constexpr std::size_t kMostNesting = 512;

class Filler {
 public:
  explicit Filler(const Store& store) : store_(store) {}

  void fill(const Value& schema, const std::string& outer, Value& value) {
    if (!schema.is_map() || nesting_ >= kMostNesting) return;
    ++nesting_;
    const std::string base = base_within(schema, outer);
    if (value.is_map()) members(schema, base, value);
    if (value.is_list()) elements(schema, base, value);
    same_value(schema, base, value);
    --nesting_;
  }

 private:
  void members(const Value& schema, const std::string& base, Value& value);
  void elements(const Value& schema, const std::string& base, Value& value);
  void same_value(const Value& schema, const std::string& base, Value& value);
  [[nodiscard]] const Value* default_of(const Value& schema, const std::string& outer,
                                        std::size_t hops = 0) const;
  [[nodiscard]] bool fits(const Value& schema, const std::string& base, const Value& value) const {
    return Validator(store_).fits(Located{&schema, base}, value);
  }

  const Store& store_;
  std::size_t nesting_ = 0;
};

/// The default of a schema or of what it refers to.
const Value* Filler::default_of(const Value& schema, const std::string& outer,
                                std::size_t hops) const {
  if (const Value* given = schema.find("default")) return given;
  const Value* reference = schema.find("$ref");
  if (reference == nullptr || hops > 16) return nullptr;
  const auto target = store_.find(base_within(schema, outer), reference->as_string());
  return target ? default_of(*target->schema, target->base, hops + 1) : nullptr;
}

void Filler::members(const Value& schema, const std::string& base, Value& value) {
  const Value* properties = schema.find("properties");
  if (properties != nullptr) {
    for (const Member& property : properties->members()) {
      if (value.contains(property.key)) continue;
      if (const Value* given = default_of(property.value, base)) value.set(property.key, *given);
    }
  }
  const Value* patterns = schema.find("patternProperties");
  const Value* others = schema.find("additionalProperties");
  for (const Member& entry : std::as_const(value).members()) {
    Value& content = *value.find(entry.key);
    bool known = false;
    if (const Value* property = properties == nullptr ? nullptr : properties->find(entry.key)) {
      known = true;
      fill(*property, base, content);
    }
    if (patterns != nullptr) {
      for (const Member& pattern : patterns->members()) {
        const RE2* compiled = store_.pattern(pattern.key);
        if (compiled == nullptr || !RE2::PartialMatch(entry.key, *compiled)) continue;
        known = true;
        fill(pattern.value, base, content);
      }
    }
    if (!known && others != nullptr) fill(*others, base, content);
  }
}

void Filler::elements(const Value& schema, const std::string& base, Value& value) {
  std::size_t at = 0;
  if (const Value* prefix = schema.find("prefixItems")) {
    for (; at < value.size() && at < prefix->size(); ++at) {
      fill(prefix->items()[at], base, value.items()[at]);
    }
  }
  if (const Value* items = schema.find("items")) {
    for (; at < value.size(); ++at)
      fill(*items, base, value.items()[at]);
  }
}

void Filler::same_value(const Value& schema, const std::string& base, Value& value) {
  if (const Value* reference = schema.find("$ref")) {
    if (const auto target = store_.find(base, reference->as_string())) {
      fill(*target->schema, target->base, value);
    }
  }
  if (const Value* all = schema.find("allOf")) {
    for (const Value& part : all->items())
      fill(part, base, value);
  }
  for (const char* keyword : {"oneOf", "anyOf"}) {
    const Value* branches = schema.find(keyword);
    if (branches == nullptr) continue;
    for (const Value& branch : branches->items()) {
      if (!fits(branch, base, value)) continue;
      fill(branch, base, value);
      break; // the first that fits: what it sets could make another one fit
    }
  }
  if (const Value* premise = schema.find("if")) {
    const Value* side = schema.find(fits(*premise, base, value) ? "then" : "else");
    if (side != nullptr) fill(*side, base, value);
  }
  if (const Value* dependents = schema.find("dependentSchemas")) {
    for (const Member& dependent : dependents->members()) {
      if (value.contains(dependent.key)) fill(dependent.value, base, value);
    }
  }
}

} // namespace

void fill_defaults(const Store& store, const Located& located, Value& value) {
  Filler(store).fill(*located.schema, located.base, value);
}

} // namespace allod::document::schema
