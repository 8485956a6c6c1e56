#include "artifacts/fields.h"

#include "base/text.h"

namespace allod::artifacts {

using document::error_at;
using document::Value;

bool is_image_path(std::string_view path) {
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) return false;
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return true;
  for (const std::string& segment : split(path, '/')) {
    if (segment.empty() || segment == "." || segment == "..") return false;
  }
  return true;
}

Fields::Fields(const Value& map, std::string what) : map_(map), what_(std::move(what)) {
  if (!map.is_map()) {
    fail(error_at(map.mark(), what_ + " must be a map, not " + document::describe(map.kind())));
  }
}

void Fields::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

const Value* Fields::take(std::string_view key) {
  known_.emplace(key);
  return error_ ? nullptr : map_.find(key);
}

const Value* Fields::any(std::string_view key) {
  return take(key);
}

std::string Fields::text(std::string_view key, std::string_view fallback) {
  const Value* value = take(key);
  if (value == nullptr) return std::string(fallback);
  if (value->is_string()) return value->as_string();
  Error error = error_at(value->mark(), std::string(key) + " must be a text, not " +
                                            document::describe(value->kind()));
  if (value->is_integer() || value->kind() == document::Kind::number) {
    error = std::move(error).with_hint("put it in quotes");
  }
  fail(std::move(error));
  return {};
}

std::string Fields::required_text(std::string_view key) {
  std::string value = text(key);
  if (!error_ && value.empty()) {
    fail(error_at(map_.mark(), what_ + " needs " + std::string(key)));
  }
  return value;
}

std::int64_t Fields::integer(std::string_view key, std::int64_t fallback) {
  const Value* value = take(key);
  if (value == nullptr) return fallback;
  if (value->is_integer()) return value->as_integer();
  fail(error_at(value->mark(), std::string(key) + " must be a whole number"));
  return fallback;
}

std::vector<std::string> Fields::texts(std::string_view key) {
  const Value* value = take(key);
  if (value == nullptr) return {};
  std::vector<std::string> texts;
  if (!value->is_list()) {
    fail(error_at(value->mark(), std::string(key) + " must be a list of texts"));
    return {};
  }
  for (const Value& item : value->items()) {
    if (!item.is_string()) {
      fail(error_at(item.mark(), std::string(key) + " must hold texts only"));
      return {};
    }
    texts.push_back(item.as_string());
  }
  return texts;
}

std::vector<std::pair<std::string, std::string>> Fields::text_map(std::string_view key) {
  const Value* value = take(key);
  if (value == nullptr) return {};
  if (!value->is_map()) {
    fail(error_at(value->mark(), std::string(key) + " must be a map of texts"));
    return {};
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const document::Member& member : value->members()) {
    if (!member.value.is_string()) {
      fail(error_at(member.value.mark(), member.key + " must be a text"));
      return {};
    }
    pairs.emplace_back(member.key, member.value.as_string());
  }
  return pairs;
}

std::string Fields::image_path(std::string_view key) {
  std::string path = text(key);
  if (error_ || path.empty() || is_image_path(path)) return path;
  fail(error_at(map_.find(key)->mark(),
                std::string(key) + " must be an absolute path without \"..\", not " + path));
  return {};
}

Status Fields::finish() {
  if (error_) return *error_;
  for (const document::Member& member : map_.members()) {
    if (known_.contains(member.key)) continue;
    const std::vector<std::string> names(known_.begin(), known_.end());
    Error error = error_at(member.key_mark, "unknown field \"" + member.key + "\" in " + what_);
    const std::string near = nearest(member.key, names);
    return std::move(error).with_hint(near.empty() ? "it takes " + join(names, ", ")
                                                   : "did you mean \"" + near + "\"?");
  }
  return {};
}

} // namespace allod::artifacts
