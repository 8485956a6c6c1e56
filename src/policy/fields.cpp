#include "policy/fields.h"

#include <algorithm>
#include <utility>

#include "document/json_writer.h"

namespace allod::policy {

using document::Kind;
using document::Member;
using document::Value;

namespace {

std::string shown(const Value& value) {
  return document::json_excerpt(value, 200);
}

std::string quoted_list(const std::vector<std::string>& words) {
  std::vector<std::string> sorted = words;
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (const std::string& word : sorted)
    text += (text.empty() ? "\"" : ", \"") + word + "\"";
  return text;
}

} // namespace

void FieldErrors::invalid(const Value& at, const std::string& path, const std::string& detail) {
  add(document::error_at(at.mark(), path + ": Invalid value: " + shown(at) + ": " + detail));
}

void FieldErrors::required(const document::Mark& at, const std::string& path,
                           const std::string& detail) {
  add(document::error_at(at, path + ": Required value" + (detail.empty() ? "" : ": " + detail)));
}

void FieldErrors::unsupported(const Value& at, const std::string& path,
                              const std::vector<std::string>& supported) {
  add(document::error_at(at.mark(), path + ": Unsupported value: " + shown(at) +
                                        ": supported values: " + quoted_list(supported)));
}

void FieldErrors::duplicate(const Value& at, const std::string& path) {
  add(document::error_at(at.mark(), path + ": Duplicate value: " + shown(at)));
}

Fields::Fields(const Value& map, std::string path, FieldErrors& errors)
    : map_(map), path_(std::move(path)), errors_(errors) {
  if (!map.is_map()) {
    errors.add(document::error_at(map.mark(), path_ + ": a map is expected here, this is " +
                                                  document::describe(map.kind())));
  }
}

std::string Fields::path(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

std::string Fields::path(std::string_view name, std::size_t index) const {
  return path(name) + "[" + std::to_string(index) + "]";
}

const Value* Fields::take(std::string_view name) {
  known_.insert(std::string(name));
  const Value* value = map_.find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

const Value* Fields::of_kind(std::string_view name, Kind kind) {
  const Value* value = take(name);
  if (value == nullptr || value->kind() == kind) return value;
  errors_.add(document::error_at(value->mark(), path(name) + ": " + document::describe(kind) +
                                                    " is expected here, this is " +
                                                    document::describe(value->kind())));
  return nullptr;
}

const Value* Fields::map(std::string_view name) {
  return of_kind(name, Kind::map);
}

const Value* Fields::text(std::string_view name) {
  return of_kind(name, Kind::string);
}

std::string Fields::string(std::string_view name) {
  const Value* value = text(name);
  return value == nullptr ? std::string() : value->as_string();
}

bool Fields::boolean(std::string_view name, bool fallback) {
  const Value* value = of_kind(name, Kind::boolean);
  return value == nullptr ? fallback : value->as_boolean();
}

const std::vector<Value>& Fields::list(std::string_view name) {
  static const std::vector<Value> kNone;
  const Value* value = of_kind(name, Kind::list);
  return value == nullptr ? kNone : value->items();
}

std::vector<std::string> Fields::strings(std::string_view name) {
  std::vector<std::string> result;
  const std::vector<Value>& items = list(name);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].is_string()) {
      result.push_back(items[i].as_string());
    } else {
      errors_.add(document::error_at(items[i].mark(), path(name, i) +
                                                          ": a text is expected here, this is " +
                                                          document::describe(items[i].kind())));
    }
  }
  return result;
}

std::size_t Fields::choice(std::string_view name, const std::vector<std::string>& words) {
  const Value* value = text(name);
  if (value == nullptr) return 0;
  const auto found = std::find(words.begin(), words.end(), value->as_string());
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  errors_.unsupported(*value, path(name), words);
  return 0;
}

void Fields::finish() {
  if (!map_.is_map()) return;
  for (const Member& member : map_.members()) {
    if (known_.count(member.key) != 0) continue;
    errors_.add(
        document::error_at(member.key_mark, "unknown field \"" + path(member.key) + "\"")
            .with_hint(document::suggestion(
                member.key, std::vector<std::string>(known_.begin(), known_.end()), "fields")));
  }
}

} // namespace allod::policy
