// Names that become parts of paths, namespaces and cgroups.
#pragma once

#include <algorithm>
#include <cctype>
#include <string_view>

namespace allod::host {

/// Letters, digits, '-', '_' and '.', starting with a letter or digit, at most 100.
[[nodiscard]] inline bool is_object_name(std::string_view name) {
  if (name.empty() || name.size() > 100) return false;
  if (std::isalnum(static_cast<unsigned char>(name.front())) == 0) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
}

} // namespace allod::host
