// The state of the machine, for `allod doctor` and for `allod up` before it touches anything.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"
#include "document/value.h"
#include "host/preflight.h"

namespace allod::cli {

/// Ports that a running agent of this stack holds itself are left out.
[[nodiscard]] std::vector<host::Check> examine_machine(const std::string& stack,
                                                       std::vector<host::Port> ports);

[[nodiscard]] bool has_failed(const std::vector<host::Check>& checks);
/// Whether what failed are taken ports and nothing else: the machine is fine, another program is in
/// the way.
[[nodiscard]] bool only_ports_failed(const std::vector<host::Check>& checks);
/// With `all` every check, else what is not in order.
[[nodiscard]] std::string describe_checks(const std::vector<host::Check>& checks,
                                          const Terminal& terminal, bool all);
[[nodiscard]] document::Value to_value(const std::vector<host::Check>& checks);

} // namespace allod::cli
