// Child processes: always an explicit environment, never a shell, ended with their group when late.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod {

struct Command {
  std::vector<std::string> arguments; ///< arguments[0] is looked up in PATH
  /// The whole environment of the child. PATH is added when it is missing.
  std::map<std::string, std::string> environment;
  std::string folder; ///< working folder; empty: this process's
  std::string input;  ///< what the child reads on standard input
  /// Descriptors that become the child's standard input and output instead of ours; -1: ours.
  int input_descriptor = -1;
  int output_descriptor = -1;
  std::chrono::milliseconds timeout{std::chrono::minutes(10)};
  /// (ours, theirs): file descriptors handed on under a number of their own (3 and up).
  std::vector<std::pair<int, int>> descriptors;
  /// Called with each piece of standard output and error as it comes; may be empty.
  std::function<void(std::string_view)> on_output;
  int network_namespace = -1;           ///< a descriptor of a network namespace to run in; -1: ours
  std::size_t output_limit = 16U << 20; ///< bytes kept of each stream; more is dropped
};

struct Finished {
  int exit_code = 0; ///< 128 + signal when a signal ended it
  std::string output;
  std::string errors;
  [[nodiscard]] bool ok() const { return exit_code == 0; }
};

/// Runs a command to its end. Errors: not_found (no such program), timeout, io. A non-zero exit is
/// a value, not an error.
Result<Finished> run(const Command& command);

/// As `run`, but a non-zero exit is an error that quotes the last lines of its standard error.
Result<std::string> run_checked(const Command& command);

/// Starts a command that is to outlive the caller: a session of its own, standard streams on
/// /dev/null or `log_file`. Returns its process id.
Result<pid_t> spawn_detached(const Command& command, const std::string& log_file);

/// The path of a program found in PATH, or empty.
[[nodiscard]] std::string find_program(std::string_view name);

/// The PATH that children get: this process's, or the system's usual one.
[[nodiscard]] std::string search_path();

/// A pidfd of a process (pidfd_open(2)): readable when it ends. Errors: not_found.
Result<UniqueFd> open_pidfd(pid_t process);

/// The start time of a process in clock ticks since boot (proc(5) stat field 22): with the id, this
/// names a process for good. Errors: not_found.
Result<std::uint64_t> process_start_time(pid_t process);

} // namespace allod
