#include "base/glob.h"

#include <algorithm>

namespace allod {
namespace {

// Plain backtracking over the last wildcard of each kind would be enough for `*`; with `**` beside
// it recursion is clearer, and patterns are short.
bool matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    if (pattern.starts_with("**")) {
      pattern.remove_prefix(2);
      for (std::size_t skip = 0; skip <= path.size(); ++skip) {
        if (matches(pattern, path.substr(skip))) return true;
      }
      return false;
    }
    if (pattern.front() == '*') {
      pattern.remove_prefix(1);
      for (std::size_t skip = 0; skip <= path.size(); ++skip) {
        if (matches(pattern, path.substr(skip))) return true;
        if (skip < path.size() && path[skip] == '/') return false;
      }
      return false;
    }
    if (path.empty()) return false;
    if (pattern.front() == '?' ? path.front() == '/' : path.front() != pattern.front())
      return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
  }
  return path.empty();
}

} // namespace

bool glob_matches(std::string_view pattern, std::string_view path) {
  if (pattern.ends_with("/**") && matches(pattern.substr(0, pattern.size() - 3), path)) return true;
  return matches(pattern, path);
}

bool any_glob_matches(const std::vector<std::string>& patterns, std::string_view path) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return glob_matches(pattern, path); });
}

bool any_glob_covers(const std::vector<std::string>& patterns, std::string_view path) {
  if (patterns.empty()) return false;
  for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    if (any_glob_matches(patterns, path.substr(0, slash))) return true;
  }
  return any_glob_matches(patterns, path);
}

bool is_glob(std::string_view pattern) {
  return pattern.find_first_of("*?") != std::string_view::npos;
}

} // namespace allod
