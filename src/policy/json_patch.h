// JSON Patch (RFC 6902) over documents, with the leniences of the library that the API server uses
// (evanphx/json-patch 4): negative indices count from the end, "replace" sets a missing key.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::policy {

struct PatchOperation {
  std::string op; ///< add, remove, replace, move, copy, test
  std::string path;
  std::string from;
  std::optional<document::Value> value;
};

/// Applies all operations, or none when a "test" fails: then false. Errors: invalid_input in the
/// API server's words; the document is then as it was.
Result<bool> apply_json_patch(document::Value& document,
                              const std::vector<PatchOperation>& operations);

} // namespace allod::policy
