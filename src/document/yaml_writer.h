// Writes values as YAML that readers of YAML 1.1 and of YAML 1.2 read as the same values.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "document/value.h"

namespace allod::document {

/// Block style, two spaces of indentation, texts of several lines as "|", quotes only where a
/// reader of either version would see something other than the text. Bytes that are not UTF-8
/// become U+FFFD.
[[nodiscard]] std::string write_yaml(const Value& value);

/// Several documents, each started by "---".
[[nodiscard]] std::string write_yaml_documents(const std::vector<Value>& documents);

} // namespace allod::document
