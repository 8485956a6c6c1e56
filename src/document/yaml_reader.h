// Reads YAML on libyaml's events into values that know their places. Scalars follow the core schema
// of YAML 1.2.2: "no" and "on" are texts, 0o17 is octal, 017 is seventeen.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/read_limits.h"
#include "document/value.h"

namespace allod::document {

/// The documents of a stream, in order; none when it has no content but comments. `name` is the
/// file name in places. Keys are strings and occur once in a map; aliases are followed; merge keys
/// ("<<") and tags outside the core schema are refused. What an alias repeats carries the place of
/// the alias on the outside and the places of the anchored text within. Errors: invalid_input with
/// a place.
Result<std::vector<Value>> read_yaml(const std::string& name, std::string_view text,
                                     const ReadLimits& limits = {});

/// The one document of a text. Errors: as read_yaml, and invalid_input when there is none or a
/// second.
Result<Value> read_yaml_document(const std::string& name, std::string_view text,
                                 const ReadLimits& limits = {});

} // namespace allod::document
