// Reads a file's text into a document.
#pragma once

#include <string>

#include "base/result.h"
#include "manifest/document.h"
#include "manifest/limits.h"

namespace allod::manifest {

/// Reads a file, or standard input for "-". `named`: the user gave this very path, so that a pipe
/// is read as well (a shell's process substitution); others must be regular files. Errors:
/// not_found, permission, io; invalid_input for what is no file or too large.
Status load(Document& document, const std::string& path, bool named, const Limits& limits);

} // namespace allod::manifest
