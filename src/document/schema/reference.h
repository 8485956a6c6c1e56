// URI references as JSON Schema uses them: resolution against a base (RFC 3986 section 5), without
// dot segments, and JSON pointers (RFC 6901).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace allod::document::schema {

[[nodiscard]] std::string resolve_reference(std::string_view base, std::string_view reference);

/// (what stands before "#", what stands behind it).
[[nodiscard]] std::pair<std::string, std::string> split_fragment(std::string_view uri);

/// The unescaped steps of a pointer that stands in a fragment: "/a~1b/%25" is {"a/b", "%"}.
[[nodiscard]] std::vector<std::string> pointer_steps(std::string_view fragment);

} // namespace allod::document::schema
