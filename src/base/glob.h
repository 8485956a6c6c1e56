// Patterns over slash-separated paths, as image definitions and exceptions use them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace allod {

/// `*` and `?` stay within one path segment, `**` crosses segments; everything else is literal.
/// A trailing "/**" matches the folder itself as well: what it contains goes, and so does it.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view path);
[[nodiscard]] bool any_glob_matches(const std::vector<std::string>& patterns,
                                    std::string_view path);
/// Whether the path or a folder that it lies in matches: for patterns that take folders whole.
[[nodiscard]] bool any_glob_covers(const std::vector<std::string>& patterns, std::string_view path);
/// Whether the text holds a wildcard at all.
[[nodiscard]] bool is_glob(std::string_view pattern);

} // namespace allod
