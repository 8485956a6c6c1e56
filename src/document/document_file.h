// Reads a file as YAML or JSON, whichever its name says.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "document/read_limits.h"
#include "document/value.h"

namespace allod::document {

/// The one document of a file: JSON for ".json", YAML for ".yaml" and ".yml". Places name the file
/// by `name`, or by `path` when it is empty. Errors: not_found, permission, io; invalid_input for
/// another extension or a text that cannot be read.
Result<Value> read_document_file(const std::string& path, const ReadLimits& limits = {},
                                 const std::string& name = {});

/// All documents of a file (a JSON file has one).
Result<std::vector<Value>> read_documents_file(const std::string& path,
                                               const ReadLimits& limits = {},
                                               const std::string& name = {});

} // namespace allod::document
