// The place of a part of a text: for errors in what a text of a document holds, an expression for
// instance.
#pragma once

#include <cstddef>

#include "document/value.h"

namespace allod::document {

/// The mark of `length` bytes at byte `offset` of a string value that was read from YAML or JSON:
/// exact in plain, quoted and "|" scalars, also behind escapes. Where the text in the source cannot
/// be followed (">" scalars, plain ones over several lines, values that were computed), the value's
/// own.
[[nodiscard]] Mark mark_within(const Value& text, std::size_t offset, std::size_t length);

} // namespace allod::document
