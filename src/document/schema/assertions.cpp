#include <algorithm>
#include <cmath>
#include <set>

#include "base/encoding.h"
#include "base/text.h"
#include "document/json_writer.h"
#include "document/schema/keywords.h"
#include "document/schema/validator.h"

namespace allod::document::schema {
namespace {

constexpr std::size_t kPairwise = 16; // elements up to which each pair is compared

bool is_of_type(const Value& value, std::string_view type) {
  switch (value.kind()) {
  case Kind::null:
    return type == "null";
  case Kind::boolean:
    return type == "boolean";
  case Kind::integer:
    return type == "integer" || type == "number";
  case Kind::number:
    // 1.0 is an integer to JSON Schema.
    return type == "number" ||
           (type == "integer" && std::trunc(value.as_number()) == value.as_number());
  case Kind::string:
    return type == "string";
  case Kind::list:
    return type == "array";
  case Kind::map:
    return type == "object";
  }
  return false;
}

std::vector<std::string> types_of(const Value& type) {
  if (type.is_string()) return {type.as_string()};
  std::vector<std::string> types;
  for (const Value& item : type.items())
    types.push_back(item.as_string());
  return types;
}

std::string joined_or(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

/// What a schema's author gives as help: its examples, or its description.
std::string help_of(const Value& schema) {
  const Value* examples = schema.find("examples");
  if (examples != nullptr && examples->size() > 0) {
    return "for instance " + plain_text(examples->items().front());
  }
  return schema.string_or("description", "");
}

bool is_multiple(const Value& value, const Value& step) {
  if (value.is_integer() && step.is_integer()) return value.as_integer() % step.as_integer() == 0;
  const double quotient = value.as_number() / step.as_number();
  // Decimal fractions are not exact in binary: 0.0075 / 0.0001 is a hair off 75.
  return std::isfinite(quotient) &&
         std::abs(quotient - std::nearbyint(quotient)) <= 1e-9 * std::max(1.0, std::abs(quotient));
}

std::string plain_name(const Value& value) {
  return value.is_string() && !value.as_string().empty() ? value.as_string() : write_json(value);
}

bool has_twins(const Value::List& items) {
  if (items.size() > kPairwise) {
    // Canonical texts are equal exactly when the values are, numbers included.
    std::set<std::string> seen;
    return !std::all_of(items.begin(), items.end(), [&](const Value& item) {
      const Result<std::string> canonical = write_canonical_json(item);
      return !canonical || seen.insert(*canonical).second;
    });
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (std::size_t j = i + 1; j < items.size(); ++j) {
      if (json_equal(items[i], items[j])) return true;
    }
  }
  return false;
}

} // namespace

bool Validator::type(const Value& schema, const Value& value) {
  const Value* wanted = schema.find("type");
  if (wanted == nullptr) return true;
  const std::vector<std::string> types = types_of(*wanted);
  const bool fits = std::any_of(types.begin(), types.end(),
                                [&](const std::string& type) { return is_of_type(value, type); });
  if (fits) return true;
  std::vector<std::string> names;
  for (const std::string& type : types)
    names.emplace_back(describe_type(type));
  // A number where a text belongs was mostly meant as a text: version: 1.10.
  const bool unquoted = names.size() == 1 && types[0] == "string" && value.is_numeric();
  report(Fault::type, value.mark(),
         "expected " + joined_or(names) + ", found " + describe(value.kind()),
         unquoted ? "put it in quotes" : "", names);
  return false;
}

void Validator::choice(const Value& schema, const Value& value) {
  if (const Value* wanted = schema.find("const")) {
    if (!json_equal(*wanted, value)) {
      report(Fault::choice, value.mark(), "expected " + shown(*wanted) + ", found " + shown(value),
             "", {plain_name(*wanted)});
      findings_.back().found = plain_name(value);
    }
  }
  const Value* allowed = schema.find("enum");
  if (allowed == nullptr) return;
  const Value::List& values = allowed->items();
  if (std::any_of(values.begin(), values.end(),
                  [&](const Value& item) { return json_equal(item, value); })) {
    return;
  }
  std::vector<std::string> names;
  for (const Value& item : values)
    names.push_back(plain_name(item));
  report(Fault::choice, value.mark(),
         shown(value) + " is not one of the values that can stand here",
         suggestion(plain_name(value), names, "allowed"), names);
  findings_.back().found = plain_name(value);
}

void Validator::text(const Value& schema, const Value& value) {
  const std::string& content = value.as_string();
  counts(schema, value, "minLength", "maxLength", utf8_length(content), "character");
  const re2::StringPiece piece(content.data(), content.size());
  if (const Value* pattern = schema.find("pattern")) {
    const RE2* compiled = store_.pattern(pattern->as_string());
    if (compiled != nullptr && !RE2::PartialMatch(piece, *compiled)) {
      report(Fault::other, value.mark(),
             shown(value) + " does not match the pattern " + pattern->as_string(), help_of(schema));
    }
  }
  if (const Value* format = schema.find("format")) {
    const FormatCheck* check = store_.format(format->as_string());
    if (check == nullptr) return;
    if (Status checked = (*check)(content); !checked) {
      report(Fault::other, value.mark(), checked.error().message(), checked.error().hint());
    }
  }
}

void Validator::number(const Value& schema, const Value& value) {
  const double content = value.as_number();
  const auto bound = [&](const char* keyword, auto fits, const char* words) {
    const Value* limit = schema.find(keyword);
    // Integers are compared as such: doubles lose their last digits beyond 2^53.
    if (limit == nullptr) return;
    const bool whole = value.is_integer() && limit->is_integer();
    const int order = whole ? (value.as_integer() > limit->as_integer()) -
                                  (value.as_integer() < limit->as_integer())
                            : (content > limit->as_number()) - (content < limit->as_number());
    if (fits(order)) return;
    report(Fault::other, value.mark(),
           "expected " + std::string(words) + " " + shown(*limit) + ", found " + shown(value));
  };
  bound(
      "minimum", [](int order) { return order >= 0; }, "at least");
  bound(
      "maximum", [](int order) { return order <= 0; }, "at most");
  bound(
      "exclusiveMinimum", [](int order) { return order > 0; }, "more than");
  bound(
      "exclusiveMaximum", [](int order) { return order < 0; }, "less than");
  const Value* step = schema.find("multipleOf");
  if (step != nullptr && !is_multiple(value, *step)) {
    report(Fault::other, value.mark(),
           "expected a multiple of " + shown(*step) + ", found " + shown(value));
  }
}

void Validator::counts(const Value& schema, const Value& value, std::string_view least,
                       std::string_view most, std::size_t count, const char* unit) {
  const auto words = [&](double number) {
    return shown(Value(static_cast<std::int64_t>(number))) + " " + unit + (number == 1 ? "" : "s");
  };
  const auto found = ", found " + std::to_string(count);
  const auto number = static_cast<double>(count);
  if (const Value* limit = schema.find(least); limit != nullptr && number < limit->as_number()) {
    report(Fault::other, value.mark(), "expected at least " + words(limit->as_number()) + found,
           help_of(schema));
  }
  if (const Value* limit = schema.find(most); limit != nullptr && number > limit->as_number()) {
    report(Fault::other, value.mark(), "expected at most " + words(limit->as_number()) + found,
           help_of(schema));
  }
}

void Validator::unique(const Value& schema, const Value& value) {
  if (!schema.boolean_or("uniqueItems", false) || !has_twins(value.items())) return;
  const Value::List& items = value.items();
  for (std::size_t i = 1; i < items.size(); ++i) {
    const auto end = items.begin() + static_cast<std::ptrdiff_t>(i);
    const auto first = std::find_if(items.begin(), end,
                                    [&](const Value& item) { return json_equal(item, items[i]); });
    if (first == end) continue;
    const std::string line = first->mark().line == 0
                                 ? ""
                                 : "it stands first at line " + std::to_string(first->mark().line);
    report(Fault::other, items[i].mark(), shown(items[i]) + " occurs twice in this list", line);
    return;
  }
}

void Validator::required(const Value& schema, const Value& value) {
  const Value* keys = schema.find("required");
  if (keys == nullptr) return;
  const Value* properties = schema.find("properties");
  for (const Value& key : keys->items()) {
    if (value.contains(key.as_string())) continue;
    const Value* property = properties == nullptr ? nullptr : properties->find(key.as_string());
    report(Fault::missing, value.mark(), "the key \"" + key.as_string() + "\" is missing",
           property == nullptr ? "" : property->string_or("description", ""), {key.as_string()});
  }
}

} // namespace allod::document::schema
