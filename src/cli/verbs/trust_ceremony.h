// allod trust ceremony: a guided key ceremony, and the check of its record.
#pragma once

#include "cli/command_line.h"

namespace allod::cli {

void add_ceremony(CLI::App& command, Invocation& invocation);

} // namespace allod::cli
