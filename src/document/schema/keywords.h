// The keywords of JSON Schema that are understood, and the check of a schema when it is added.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::document::schema {

/// What a walk over a schema meets.
struct Visitor {
  /// The base URIs around and within the schema differ where it has an "$id".
  std::function<void(const Value& schema, const std::string& around, const std::string& within)>
      on_schema;
  std::function<Status(const std::string& pattern)> on_pattern;
  std::function<bool(const std::string& format)> knows_format;
};

/// Walks all schemas within `schema`, which stands under the base URI `base`, and collects their
/// faults: unknown keywords, values of the wrong form, patterns and formats that the visitor
/// refuses.
[[nodiscard]] std::vector<Error> walk_schema(const Value& schema, const std::string& base,
                                             const Visitor& visitor);

/// The base URI inside of a schema: its own "$id" resolved, or the one around it.
[[nodiscard]] std::string base_within(const Value& schema, const std::string& base);

/// "string" of JSON Schema as it is called in messages: "a text". Null when there is no such type.
[[nodiscard]] const char* describe_type(std::string_view type);

} // namespace allod::document::schema
