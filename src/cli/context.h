// What every verb is given: the options that hold for all, and the terminal.
#pragma once

#include <string>

#include "base/result.h"
#include "catalogue/problems.h"
#include "cli/terminal.h"
#include "document/value.h"

namespace allod::cli {

struct GlobalOptions {
  std::string file = "stack.yaml"; ///< the declaration, for init, plan and up
  std::string stack;               ///< the name of a stack on this machine, for the other verbs
  std::string output = "text";     ///< "text" or "json"
  std::string colour = "auto";
  std::string catalogue; ///< folder; empty: the usual places
  bool quiet = false;
};

struct Context {
  GlobalOptions options;
  Terminal terminal;

  [[nodiscard]] bool json() const { return options.output == "json"; }

  /// Prints a value as JSON, with a line break.
  void print_json(const document::Value& value);
  /// Shows a failure and gives its exit code.
  int fail(const Error& error);
  /// Shows all problems of an input and gives the exit code for it.
  int fail(const catalogue::Problems& problems);
};

/// Where the catalogue is: the option, ALLOD_CATALOGUE, beside the program
/// (../share/allod/catalogue), the source tree that this program was built from. Errors: not_found.
Result<std::string> find_catalogue(const GlobalOptions& options);

/// The stack that the verbs of the running platform are about: the option, the declaration in this
/// folder, the only one on this machine. Errors: not_found, with the names that there are.
Result<std::string> find_stack(const GlobalOptions& options);

/// Stacks that have a state on this machine.
[[nodiscard]] std::vector<std::string> stacks_here();

/// Errors: permission, with what to type instead.
Status need_root(const std::string& verb);

} // namespace allod::cli
