#include "document/difference.h"

#include <algorithm>

namespace allod::document {
namespace {

class Comparison {
 public:
  void compare(const Value& before, const Value& after) {
    if (before.is_map() && after.is_map()) {
      compare_maps(before, after);
    } else if (before.is_list() && after.is_list()) {
      compare_lists(before, after);
    } else if (!(before == after)) {
      changes.push_back({path_, before, after});
    }
  }

  std::vector<Change> changes;

 private:
  void compare_maps(const Value& before, const Value& after) {
    for (const Member& member : before.members()) {
      path_.emplace_back(member.key);
      if (const Value* twin = after.find(member.key)) {
        compare(member.value, *twin);
      } else {
        changes.push_back({path_, member.value, std::nullopt});
      }
      path_.pop_back();
    }
    for (const Member& member : after.members()) {
      if (before.contains(member.key)) continue;
      path_.emplace_back(member.key);
      changes.push_back({path_, std::nullopt, member.value});
      path_.pop_back();
    }
  }

  void compare_lists(const Value& before, const Value& after) {
    const std::size_t longest = std::max(before.size(), after.size());
    for (std::size_t i = 0; i < longest; ++i) {
      path_.emplace_back(i);
      if (i >= before.size()) {
        changes.push_back({path_, std::nullopt, after.items()[i]});
      } else if (i >= after.size()) {
        changes.push_back({path_, before.items()[i], std::nullopt});
      } else {
        compare(before.items()[i], after.items()[i]);
      }
      path_.pop_back();
    }
  }

  std::vector<PathStep> path_;
};

} // namespace

std::vector<Change> difference(const Value& before, const Value& after) {
  Comparison comparison;
  comparison.compare(before, after);
  return std::move(comparison.changes);
}

} // namespace allod::document
