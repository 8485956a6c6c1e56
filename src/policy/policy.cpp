#include "policy/policy.h"

#include "document/mark_within.h"

namespace allod::policy {

document::Mark Expression::place(std::size_t offset, std::size_t length) const {
  return document::mark_within(text, offset, length);
}

std::string Policy::annotation(std::string_view key) const {
  for (const auto& [known, value] : annotations) {
    if (known == key) return value;
  }
  return {};
}

} // namespace allod::policy
