// The tables of the state file, and the way from each version of them to the next.
#pragma once

#include <string>

#include "agent/sqlite.h"
#include "base/result.h"

namespace allod::agent {

/// The version that this program writes (PRAGMA user_version).
inline constexpr int kSchemaVersion = 3;

/// Errors: unsupported when the file is of a later version.
Status migrate(Database& database);
/// The version of a file. Errors: those of the database.
Result<int> schema_version(Database& database);

} // namespace allod::agent
