// The verbs about what a platform is made of and how it travels; as in verbs.h.
#pragma once

#include "cli/command_line.h"

namespace allod::cli {

void add_sbom(CLI::App& command, Invocation& invocation);
void add_bundle(CLI::App& command, Invocation& invocation);

} // namespace allod::cli
