// The end of a unit's log, for messages.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace allod::agent {

/// The last lines that are not blank, oldest first, as "TIME text" (the CRI log format without its
/// stream and tag). Nothing when there is no log.
[[nodiscard]] std::vector<std::string> last_log_lines(const std::string& path, std::size_t count);

} // namespace allod::agent
