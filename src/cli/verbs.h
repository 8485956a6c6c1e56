// One function per verb, each in a file of its own beside its manual page.
#pragma once

#include "cli/command_line.h"

namespace allod::cli {

void add_init(CLI::App& command, Invocation& invocation);
void add_plan(CLI::App& command, Invocation& invocation);
void add_up(CLI::App& command, Invocation& invocation);
void add_status(CLI::App& command, Invocation& invocation);
void add_top(CLI::App& command, Invocation& invocation);
void add_explain(CLI::App& command, Invocation& invocation);
void add_logs(CLI::App& command, Invocation& invocation);
void add_exec(CLI::App& command, Invocation& invocation);
void add_open(CLI::App& command, Invocation& invocation);
void add_secret(CLI::App& command, Invocation& invocation);
void add_trust(CLI::App& command, Invocation& invocation);
void add_backup(CLI::App& command, Invocation& invocation);
void add_restore(CLI::App& command, Invocation& invocation);
void add_events(CLI::App& command, Invocation& invocation);
void add_down(CLI::App& command, Invocation& invocation);
void add_destroy(CLI::App& command, Invocation& invocation);
void add_images(CLI::App& command, Invocation& invocation);
void add_check(CLI::App& command, Invocation& invocation);
void add_sbom(CLI::App& command, Invocation& invocation);
void add_bundle(CLI::App& command, Invocation& invocation);
void add_catalogue(CLI::App& command, Invocation& invocation);
void add_cel(CLI::App& command, Invocation& invocation);
void add_doctor(CLI::App& command, Invocation& invocation);
void add_agent(CLI::App& command, Invocation& invocation);
void add_completion(CLI::App& command, Invocation& invocation);
void add_manual(CLI::App& command, Invocation& invocation);
void add_version(CLI::App& command, Invocation& invocation);

} // namespace allod::cli
