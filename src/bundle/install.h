// Program and catalogue of a bundle, put where programs lie.
#pragma once

#include <string>

#include "base/result.h"

namespace allod::bundle {

/// Copies the staged catalogue to PREFIX/share/allod/catalogue and the program to PREFIX/bin/allod.
/// Each is written beside its place and exchanged with what was there (renameat2(2)): whoever looks
/// finds the old one or the new one whole. Errors: io, permission.
Status install(const std::string& staging, const std::string& prefix);

} // namespace allod::bundle
