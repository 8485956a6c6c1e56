// Files that hold a secret: read into memory that is wiped, and only where nobody else can read
// them.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace allod::trust {

/// The content of a small regular file without its last line break.
/// Errors: not_found, io; permission when group or others may read it; invalid_input when it is
/// larger than 64 KiB.
Result<Secret> read_secret_file(const std::string& path);

} // namespace allod::trust
