#include "agent/troubles.h"

#include <utility>

namespace allod::agent {

void Troubles::begin(const std::string& key, const std::string& resource, Trouble trouble) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end()) {
      trouble.since = found->second.trouble.since;
      found->second.trouble = std::move(trouble);
      return;
    }
    trouble.since = now();
    entries_[key] = {resource, trouble};
  }
  events_.tell(resource, trouble.what, trouble.way_out, trouble.detail);
}

void Troubles::end(const std::string& key) {
  Entry over;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    over = std::move(found->second);
    entries_.erase(found);
  }
  events_.tell(over.resource, over.trouble.what, "is over");
}

void Troubles::take(const std::string& key, const std::string& what, const Status& status) {
  if (status) return end(key);
  Trouble trouble;
  trouble.what = what;
  trouble.detail = status.error().message();
  trouble.way_out = status.error().hint();
  begin(key, "", std::move(trouble));
}

std::vector<Trouble> Troubles::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<Trouble> list;
  for (const auto& [key, entry] : entries_)
    list.push_back(entry.trouble);
  return list;
}

} // namespace allod::agent
