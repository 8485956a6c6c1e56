#include "policy/json_patch.h"

#include <charconv>
#include <utility>

namespace allod::policy {

using document::Value;

namespace {

Error failed(std::string text) {
  return {ErrorCode::invalid_input, std::move(text)};
}

std::string missing(const char* op, const char* what, const std::string& path) {
  return std::string(op) + " operation does not apply: " + what + ": " + path + ": missing value";
}

/// A part of a JSON pointer (RFC 6901): "~1" is "/", "~0" is "~".
std::string decode(std::string_view part) {
  std::string text;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '~' && i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1')) {
      text += part[++i] == '0' ? '~' : '/';
    } else {
      text += part[i];
    }
  }
  return text;
}

/// Where a pointer ends: the container and the last part.
struct Target {
  Value* container = nullptr;
  std::string key;
};

/// An index below `size`; negative ones count from the end.
std::optional<std::size_t> index_of(const std::string& key, std::size_t size) {
  long long number = 0;
  const char* end = key.data() + key.size();
  const auto read = std::from_chars(key.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  if (number < 0) number += static_cast<long long>(size);
  if (number < 0 || number >= static_cast<long long>(size)) return std::nullopt;
  return static_cast<std::size_t>(number);
}

Value* get(Value& container, const std::string& key) {
  if (container.is_map()) return container.find(key);
  if (!container.is_list()) return nullptr;
  const std::optional<std::size_t> index = index_of(key, container.size());
  return index ? &container.items()[*index] : nullptr;
}

/// No container when a part on the way is missing.
Target find_target(Value& document, std::string_view path) {
  if (path.empty() || path[0] != '/') return {};
  Value* at = &document;
  path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    std::string part = decode(path.substr(0, slash));
    if (slash == std::string_view::npos) {
      if (!at->is_map() && !at->is_list()) return {};
      return {at, std::move(part)};
    }
    at = get(*at, part);
    if (at == nullptr || at->is_null()) return {};
    path.remove_prefix(slash + 1);
  }
}

std::string bad_index(const std::string& key) {
  return "Unable to access invalid index: " + key + ": invalid index referenced";
}

Status add(Target target, Value value, const std::string& around) {
  if (target.container->is_map()) {
    target.container->set(target.key, std::move(value));
    return {};
  }
  Value::List& items = target.container->items();
  if (target.key == "-") {
    items.push_back(std::move(value));
    return {};
  }
  const std::optional<std::size_t> index = index_of(target.key, items.size() + 1);
  if (!index) return failed(around + bad_index(target.key));
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return {};
}

Status remove(const Target& target, const std::string& around) {
  if (target.container->is_map()) {
    if (!target.container->contains(target.key)) {
      return failed(around + "Unable to remove nonexistent key: " + target.key + ": missing value");
    }
    target.container->erase(target.key);
    return {};
  }
  Value::List& items = target.container->items();
  const std::optional<std::size_t> index = index_of(target.key, items.size());
  if (!index) return failed(around + bad_index(target.key));
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(*index));
  return {};
}

std::string around(const char* op, const std::string& path) {
  return std::string("error in ") + op + " for path: '" + path + "': ";
}

Status apply_add(Value& document, const PatchOperation& operation) {
  const Target target = find_target(document, operation.path);
  if (target.container == nullptr) {
    return failed("add operation does not apply: doc is missing path: \"" + operation.path +
                  "\": missing value");
  }
  return add(target, operation.value.value_or(Value()), around("add", operation.path));
}

Status apply_remove(Value& document, const PatchOperation& operation) {
  const Target target = find_target(document, operation.path);
  if (target.container == nullptr) {
    return failed("remove operation does not apply: doc is missing path: \"" + operation.path +
                  "\": missing value");
  }
  return remove(target, around("remove", operation.path));
}

Status apply_replace(Value& document, const PatchOperation& operation) {
  Value value = operation.value.value_or(Value());
  if (operation.path.empty()) {
    document = std::move(value);
    return {};
  }
  const Target target = find_target(document, operation.path);
  if (target.container == nullptr) {
    return failed(missing("replace", "doc is missing path", operation.path));
  }
  if (target.container->is_map()) {
    target.container->set(target.key, std::move(value));
    return {};
  }
  Value* old = get(*target.container, target.key);
  if (old == nullptr) return failed(missing("replace", "doc is missing key", operation.path));
  *old = std::move(value);
  return {};
}

Status apply_move_or_copy(Value& document, const PatchOperation& operation) {
  const bool move = operation.op == "move";
  const Target source = find_target(document, operation.from);
  if (source.container == nullptr) {
    return failed(missing(operation.op.c_str(), "doc is missing from path", operation.from));
  }
  const Value* found = get(*source.container, source.key);
  Value value = found == nullptr ? Value() : *found;
  if (found == nullptr && source.container->is_list()) {
    return failed(around(operation.op.c_str(), source.key) + bad_index(source.key));
  }
  if (move) {
    if (const Status removed = remove(source, around("move", source.key)); !removed) {
      return removed;
    }
  }
  const Target target = find_target(document, operation.path);
  if (target.container == nullptr) {
    return failed(missing(operation.op.c_str(), "doc is missing destination path", operation.path));
  }
  return add(target, std::move(value), around(operation.op.c_str(), operation.path));
}

/// Whether the value at the path is the one that is wanted.
Result<bool> test(Value& document, const PatchOperation& operation) {
  const Value wanted = operation.value.value_or(Value());
  if (operation.path.empty()) return document == wanted;
  const Target target = find_target(document, operation.path);
  if (target.container == nullptr) {
    return failed(missing("test", "is missing path", operation.path));
  }
  const Value* found = get(*target.container, target.key);
  if (found == nullptr && target.container->is_list()) {
    return failed(around("test", operation.path) + bad_index(target.key));
  }
  return found == nullptr ? wanted.is_null() : *found == wanted;
}

Status apply(Value& document, const PatchOperation& operation) {
  if (operation.op == "add") return apply_add(document, operation);
  if (operation.op == "remove") return apply_remove(document, operation);
  if (operation.op == "replace") return apply_replace(document, operation);
  if (operation.op == "move" || operation.op == "copy") {
    return apply_move_or_copy(document, operation);
  }
  return failed("Unexpected kind: " + operation.op);
}

} // namespace

Result<bool> apply_json_patch(Value& document, const std::vector<PatchOperation>& operations) {
  Value changed = document;
  for (const PatchOperation& operation : operations) {
    if (operation.op == "test") {
      const Result<bool> holds = test(changed, operation);
      if (!holds || !*holds) return holds;
      continue;
    }
    if (Status applied = apply(changed, operation); !applied) return std::move(applied).error();
  }
  document = std::move(changed);
  return true;
}

} // namespace allod::policy
