// Bytes from one who writes to one who reads, by a pipe.
#pragma once

#include <functional>

#include "base/result.h"

namespace allod::agent {

/// One end writes what the other reads, at the same time. The failure that came first is the one
/// that is told: the other end only sees a pipe that was closed.
Status stream(const std::function<Status(int output)>& writer,
              const std::function<Status(int input)>& reader);

} // namespace allod::agent
