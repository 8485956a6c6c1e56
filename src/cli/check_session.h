// One `allod check`: what it was asked for, the policies it loaded, and its report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/baseline.h"
#include "check/exceptions.h"
#include "check/outputs/output.h"
#include "check/policy_files.h"
#include "check/run.h"
#include "cli/context.h"

namespace allod::cli {

struct CheckSettings {
  check::RunOptions run;
  std::vector<std::string>
      policies;                    ///< sets, policies, folders, files; empty: see chosen_policies()
  std::vector<std::string> params; ///< files
  std::string exceptions;          ///< file
  std::string baseline;            ///< file
  std::string write_baseline;      ///< file
  std::string today;               ///< the day for exceptions: 2027-03-31
  std::string form;                ///< empty: the global --output
  std::vector<std::string> writes; ///< "FORM=FILE"
  bool strict = false;
  bool apply = false; ///< prints what mutating policies make of the objects
};

/// The catalogue's policies. Errors: not_found when there is no catalogue.
Result<check::PolicyLibrary> open_library(const Context& context);

/// The policies that are asked for: those of --policy, else spec.policies of the declaration
/// (--file), else the default sets.
Result<std::vector<std::string>> chosen_policies(const Context& context,
                                                 const CheckSettings& settings);

/// Loads and compiles; faults go to `problems`.
[[nodiscard]] check::Policies load_policies(const Context& context, const CheckSettings& settings,
                                            std::vector<Error>& problems);

/// Judges everything once, with exceptions and baseline applied; faults of what was asked for go to
/// `problems`, and the report is empty then.
[[nodiscard]] check::Report check_once(const Context& context, const CheckSettings& settings,
                                       std::vector<Error>& problems);

/// The exit code of a report (docs/exit-codes.md).
[[nodiscard]] int code_of(const check::Report& report, bool strict);

/// Prints the report in the form that was asked for, and writes the others to their files.
Status publish(Context& context, const CheckSettings& settings, const check::Report& report);

} // namespace allod::cli
