// The command line: every verb with its options and help, from one table.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/context.h"

namespace allod::cli {

/// What the parsed command line asks for; set by the verb that was named.
struct Invocation {
  std::function<int(Context&)> run;
};

/// A verb: its place in the program and the text of its manual page.
struct Verb {
  const char* name;
  const char* group;   ///< heading in the overview
  const char* summary; ///< one line, for the overview
  /// Adds options to the subcommand and tells the invocation what to run.
  void (*add)(CLI::App& command, Invocation& invocation);
};

/// In the order of the overview.
[[nodiscard]] const std::vector<Verb>& verbs();

/// The manual page of a verb in Markdown (src/cli/verbs/NAME.md); empty when there is none.
[[nodiscard]] std::string_view manual_text(std::string_view verb);

/// Builds the parser.
void build_command_line(CLI::App& app, GlobalOptions& options, Invocation& invocation);

/// Parses and runs; gives the exit code.
int run_command_line(int argc, char** argv);

} // namespace allod::cli
