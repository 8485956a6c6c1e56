#include "document/difference.h"

#include <algorithm>

#include "document/json_writer.h"

namespace allod::document {
namespace {

constexpr std::size_t kShownBytes = 80;

class Comparison {
 public:
  void compare(const Value* before, const Value* after) {
    if (before != nullptr && after != nullptr && *before == *after) return;
    if (is_branch(before) && is_branch(after)) return maps(*before, *after);
    // What came or went as a whole is told leaf by leaf too.
    static const Value kNothing = Value::map();
    if (is_branch(before) && after == nullptr) return maps(*before, kNothing);
    if (is_branch(after) && before == nullptr) return maps(kNothing, *after);
    const bool both_lists =
        before != nullptr && after != nullptr && before->is_list() && after->is_list();
    if (both_lists) return lists(*before, *after);
    changes_.push_back(Change{path_, before, after});
  }
  std::vector<Change> take() { return std::move(changes_); }

 private:
  /// An empty map is a leaf: its coming is a change although it has no members.
  static bool is_branch(const Value* value) {
    return value != nullptr && value->is_map() && value->size() > 0;
  }
  template<class Step>
  void below(const Step& step, const Value* before, const Value* after) {
    path_.emplace_back(step);
    compare(before, after);
    path_.pop_back();
  }
  void maps(const Value& before, const Value& after) {
    for (const Member& member : before.members()) {
      below(member.key, &member.value, after.find(member.key));
    }
    for (const Member& member : after.members()) {
      if (!before.contains(member.key)) below(member.key, nullptr, &member.value);
    }
  }
  void lists(const Value& before, const Value& after) {
    const Value::List& old = before.items();
    const Value::List& now = after.items();
    const std::size_t shorter = std::min(old.size(), now.size());
    std::size_t start = 0;
    while (start < shorter && old[start] == now[start])
      ++start;
    std::size_t tail = 0;
    while (tail < shorter - start && old[old.size() - 1 - tail] == now[now.size() - 1 - tail]) {
      ++tail;
    }
    const std::size_t old_end = old.size() - tail;
    const std::size_t now_end = now.size() - tail;
    for (std::size_t i = start; i < std::max(old_end, now_end); ++i) {
      below(i, i < old_end ? &old[i] : nullptr, i < now_end ? &now[i] : nullptr);
    }
  }

  std::vector<PathStep> path_;
  std::vector<Change> changes_;
};

} // namespace

std::vector<Change> difference(const Value& before, const Value& after) {
  Comparison comparison;
  comparison.compare(&before, &after);
  return comparison.take();
}

std::string format_change(const Change& change) {
  const std::string path = format_path(change.path);
  const std::string start = path.empty() ? "" : path + ": ";
  if (change.before == nullptr && change.after == nullptr) return path;
  if (change.before == nullptr) return start + "new, " + json_excerpt(*change.after, kShownBytes);
  if (change.after == nullptr) return start + "was " + json_excerpt(*change.before, kShownBytes);
  return start + json_excerpt(*change.before, kShownBytes) + " → " +
         json_excerpt(*change.after, kShownBytes);
}

} // namespace allod::document
