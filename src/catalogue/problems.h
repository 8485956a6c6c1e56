// Faults found while loading: all of them are collected, so that a person can mend them in one go.
#pragma once

#include <vector>

#include "base/result.h"

namespace allod::catalogue {

using Problems = std::vector<Error>;

} // namespace allod::catalogue
