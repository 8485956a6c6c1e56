// Errors with a place in the source text.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cel/syntax/ast.h"

namespace allod::cel {

/// The line and column of a span; columns count code points.
[[nodiscard]] Place place_of(std::string_view source, Span span);

/// invalid_input at a span.
[[nodiscard]] Error error_at(std::string_view source, Span span, std::string message);

} // namespace allod::cel
