// Writes values as JSON (RFC 8259): for programs, for people, and canonically for hashes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "document/value.h"

namespace allod::document {

enum class JsonLayout {
  compact, ///< one line, no spaces
  pretty,  ///< two spaces of indentation, a line break at the end
};

/// What read_json reads back as an equal value. Numbers that are not finite become null, as in
/// ECMAScript; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string write_json(const Value& value, JsonLayout layout = JsonLayout::compact);

/// The JSON Canonicalization Scheme (RFC 8785): equal content is equal bytes. It departs from it in
/// one thing: integers beyond 2^53 are written exactly. Errors: invalid_input, with the path, for a
/// number that is not finite and for a text that is not UTF-8.
Result<std::string> write_canonical_json(const Value& value);

/// A text as it is, anything else as JSON: for people, and where only texts can stand.
[[nodiscard]] std::string plain_text(const Value& value);
/// The beginning of write_json(value): at most so many bytes, cut between characters, then "…".
[[nodiscard]] std::string json_excerpt(const Value& value, std::size_t bytes);

/// A text as a JSON string, with its quotes.
[[nodiscard]] std::string quote_json(std::string_view text);

} // namespace allod::document
