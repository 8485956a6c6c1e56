// Structured merge of a configuration into an object.
#include <algorithm>
#include <utility>

#include "policy/merge_rules.h"

namespace allod::policy {

using document::Member;
using document::Value;
using How = MergeField::How;

namespace {

bool is_scalar(const Value& value) {
  return !value.is_map() && !value.is_list();
}

/// What an element of a list is told apart by; nothing when a key is missing.
std::optional<std::vector<Value>> identity(const Value& element, const MergeField& list,
                                           std::string* missing = nullptr) {
  if (list.how == How::set) return std::vector<Value>{element};
  std::vector<Value> values;
  for (const MergeField::Key& key : list.keys) {
    const Value* value = element.find(key.field);
    if (value != nullptr) {
      values.push_back(*value);
    } else if (key.fallback) {
      values.emplace_back(*key.fallback);
    } else {
      if (missing != nullptr) *missing = key.field;
      return std::nullopt;
    }
  }
  return values;
}

/// Checks a patch against the type, and finds what it would replace although it is atomic.
class PatchCheck {
 public:
  Status check(const Value& patch, const MergeType& type) {
    visit_fields(patch, type, "");
    if (!fault_.empty()) {
      return Error(ErrorCode::invalid_input,
                   "failed to convert patch object to typed object: " + fault_);
    }
    if (!atomics_.empty()) {
      return Error(ErrorCode::invalid_input, "invalid ApplyConfiguration: may not mutate atomic "
                                             "arrays, maps or structs: " +
                                                 atomics_);
    }
    return {};
  }

 private:
  void fault(const std::string& path, const std::string& text) {
    if (fault_.empty()) fault_ = path + ": " + text;
  }
  void atomic(const std::string& path) { atomics_ += (atomics_.empty() ? "" : ", ") + path; }

  void visit_fields(const Value& patch, const MergeType& type, const std::string& path) {
    for (const Member& member : patch.members()) {
      const std::string at = path + "." + member.key;
      const auto field = type.fields.find(member.key);
      if (field == type.fields.end()) {
        fault(at, "field not declared in schema");
      } else {
        visit(member.value, field->second, at);
      }
    }
  }

  void visit(const Value& patch, const MergeField& field, const std::string& path) {
    if (patch.is_null()) return;
    switch (field.how) {
    case How::scalar:
      if (!is_scalar(patch)) {
        fault(path,
              std::string("expected a scalar value, got ") + document::describe(patch.kind()));
      }
      return;
    case How::atomic:
      if (!is_scalar(patch)) atomic(path);
      return;
    case How::open:
      if (patch.is_list()) atomic(path);
      return;
    case How::structured:
      if (!patch.is_map()) return fault(path, "expected map, got " + shown(patch));
      return visit_fields(patch, *field.type, path);
    case How::map:
      if (!patch.is_map()) return fault(path, "expected map, got " + shown(patch));
      for (const Member& member : patch.members())
        visit(member.value, *field.element, path + "." + member.key);
      return;
    case How::set:
    case How::keyed:
      if (!patch.is_list()) return fault(path, "expected list, got " + shown(patch));
      return visit_elements(patch, field, path);
    }
  }

  void visit_elements(const Value& patch, const MergeField& field, const std::string& path) {
    std::vector<std::vector<Value>> seen;
    for (std::size_t i = 0; i < patch.size(); ++i) {
      const Value& element = patch.items()[i];
      std::string missing;
      const auto id = identity(element, field, &missing);
      if (!id) {
        return fault(path, "element " + std::to_string(i) +
                               ": associative list with keys has an element that omits key field "
                               "\"" +
                               missing + "\" (and doesn't have default value)");
      }
      if (std::find(seen.begin(), seen.end(), *id) != seen.end()) {
        return fault(path, "duplicate entries for key " + std::to_string(i));
      }
      seen.push_back(*id);
      if (field.element) visit(element, *field.element, path + "[" + std::to_string(i) + "]");
    }
  }

  static std::string shown(const Value& value) { return document::describe(value.kind()); }

  std::string fault_;
  std::string atomics_;
};

void merge(Value& object, const Value& patch, const MergeField& field);

void merge_member(Value& object, const Member& member, const MergeField& field) {
  Value* old = object.find(member.key);
  if (member.value.is_null()) {
    // A null says nothing about maps and lists; of a scalar it is what is left of the value.
    if (old != nullptr && is_scalar(*old)) object.erase(member.key);
  } else if (old == nullptr || old->is_null()) {
    object.set(member.key, member.value);
  } else {
    merge(*old, member.value, field);
  }
}

/// Elements of both, in an order that keeps that of the patch, and of the object where the patch
/// says nothing.
void merge_elements(Value& object, const Value& patch, const MergeField& field) {
  using Id = std::vector<Value>;
  const Value::List& left = object.items();
  const Value::List& right = patch.items();
  const auto ids = [&](const Value::List& list) {
    std::vector<Id> result;
    for (const Value& element : list)
      result.push_back(identity(element, field).value_or(Id{}));
    return result;
  };
  const std::vector<Id> left_ids = ids(left);
  const std::vector<Id> right_ids = ids(right);
  const auto at = [](const std::vector<Id>& list, const Id& id) {
    return static_cast<std::size_t>(std::find(list.begin(), list.end(), id) - list.begin());
  };
  std::vector<std::size_t> shared; // indices in the patch of what both have
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (at(left_ids, right_ids[i]) < left.size()) shared.push_back(i);
  }
  std::vector<bool> taken(right.size(), false);
  std::size_t next = 0; // in shared
  Value::List merged;
  const auto take = [&](std::size_t index) {
    const std::size_t old = at(left_ids, right_ids[index]);
    Value element = old < left.size() ? left[old] : right[index];
    if (old < left.size() && field.element) merge(element, right[index], *field.element);
    merged.push_back(std::move(element));
    taken[index] = true;
    if (next < shared.size() && shared[next] == index) ++next;
  };
  std::size_t l = 0;
  std::size_t r = 0;
  while (l < left.size() || r < right.size()) {
    if (l < left.size()) {
      const std::size_t same = at(right_ids, left_ids[l]);
      if (same == right.size()) {
        merged.push_back(left[l++]);
        continue;
      }
      const bool awaited = next < shared.size() && shared[next] == same;
      if (taken[same] || (r < right.size() && !awaited)) {
        // Its turn comes, or came, where the patch has it.
        ++l;
        continue;
      }
      if (r < right.size() && same == r) {
        take(r++);
        ++l;
        continue;
      }
    }
    if (r < right.size()) take(r++);
  }
  object.items() = std::move(merged);
}

void merge(Value& object, const Value& patch, const MergeField& field) {
  const bool both_maps = object.is_map() && patch.is_map();
  const bool both_lists = object.is_list() && patch.is_list();
  switch (field.how) {
  case How::structured:
    if (!both_maps) break;
    for (const Member& member : patch.members()) {
      const auto inner = field.type->fields.find(member.key);
      if (inner != field.type->fields.end()) merge_member(object, member, inner->second);
    }
    return;
  case How::map:
    if (!both_maps) break;
    for (const Member& member : patch.members())
      merge_member(object, member, *field.element);
    return;
  case How::open:
    if (!both_maps) break;
    for (const Member& member : patch.members())
      merge_member(object, member, field);
    return;
  case How::set:
  case How::keyed:
    if (!both_lists) break;
    merge_elements(object, patch, field);
    return;
  case How::scalar:
  case How::atomic:
    break;
  }
  object = patch;
}

} // namespace

Status merge_configuration(Value& object, const Value& patch, const MergeType& type) {
  if (Status checked = PatchCheck().check(patch, type); !checked) return checked;
  MergeField root;
  root.how = How::structured;
  root.type = &type;
  merge(object, patch, root);
  return {};
}

} // namespace allod::policy
