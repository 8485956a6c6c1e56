// A running unit: an OCI container watched over by conmon, so that it outlives the agent.
// Everything about it can be found again from its bundle folder after the agent's end.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/process.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "host/cgroups.h"
#include "host/container_spec.h"
#include "host/paths.h"
#include "host/runtime.h"

namespace allod::host {

enum class Phase {
  absent, ///< nothing of it is left
  broken, ///< half made, or its processes are gone without an exit code; remove() it
  running,
  exited, ///< see exit_code
};

struct ContainerState {
  Phase phase = Phase::absent;
  pid_t pid = 0;                ///< of its first process, as the machine counts; 0 unless running
  std::optional<int> exit_code; ///< 128 + signal when a signal ended it
  bool out_of_memory = false;   ///< the kernel killed one of its processes at the memory limit
  /// False while running: nobody reads its output (its next write breaks) or will learn its exit
  /// code. The unit should be restarted.
  bool conmon_alive = false;
};

enum class StopOutcome { already_stopped, stopped, killed };

struct ExecOptions {
  std::chrono::milliseconds timeout{10000};
  std::map<std::string, std::string> environment; ///< in addition to the unit's
  std::string input;
  std::size_t output_limit = 1U << 20;
};

struct StepOptions {
  std::chrono::milliseconds timeout{std::chrono::minutes(5)};
  std::string input;                               ///< on standard input
  int input_descriptor = -1;                       ///< becomes standard input instead; -1: none
  int output_descriptor = -1;                      ///< becomes standard output; -1: it is kept
  std::function<void(std::string_view)> on_output; ///< output as it comes
  std::size_t output_limit = 4U << 20;             ///< bytes kept of each stream
};

class Container {
 public:
  /// Creates and starts a unit. What an earlier unit of this id left behind is removed first; a
  /// running one is an error (already_exists). Returns once its program runs.
  /// Errors: invalid_input (the spec), io with the runtime's own words, not_found.
  static Result<Container> start(const Runtime& runtime, const HostPaths& paths,
                                 const ContainerSpec& spec);

  /// Takes a unit up again: its processes are known by id and start time. Also a unit that ended or
  /// broke meanwhile is given back, see state(). Errors: not_found.
  static Result<Container> adopt(const Runtime& runtime, const HostPaths& paths,
                                 const std::string& id);

  /// The ids of all units of which something is there, broken ones too.
  static std::vector<std::string> known(const HostPaths& paths);

  /// Removes whatever is left of a unit, running or not, half made or not, with or without conmon.
  /// Nothing there is no error.
  static Status remove(const Runtime& runtime, const HostPaths& paths, const std::string& id);

  /// Runs a step to its end; its output is kept, the container is gone afterwards. Errors: timeout
  /// (all its processes are killed), else as start(). A non-zero exit is a value.
  static Result<Finished> run_to_end(const Runtime& runtime, const HostPaths& paths,
                                     const ContainerSpec& spec, const StepOptions& options = {});

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& log_path() const { return log_path_; }
  /// From files and /proc alone: cheap enough for every turn of the agent's loop.
  [[nodiscard]] ContainerState state() const;

  /// Readable when the unit's first process ends (pidfd_open(2)). The exit code follows within
  /// moments: wait_exit(). Errors: not_found when it has ended.
  [[nodiscard]] Result<UniqueFd> pidfd() const;
  /// The same for conmon. Errors: not_found.
  [[nodiscard]] Result<UniqueFd> conmon_pidfd() const;
  /// The exit code, waiting for it. Errors: timeout; not_found when conmon is gone and nobody
  /// knows.
  [[nodiscard]] Result<int> wait_exit(std::chrono::milliseconds timeout) const;

  /// Errors: not_found when it does not run.
  Status signal(int number) const;
  /// The stop signal, then after `grace` (default: the spec's) SIGKILL for all of its cgroup. Waits
  /// until no process is left. Errors: timeout when even SIGKILL does not help (a process stuck in
  /// the kernel).
  Result<StopOutcome> stop(std::optional<std::chrono::milliseconds> grace = {}) const;
  /// stop() at once by SIGKILL and removal of all traces but its log.
  Status remove() const;

  /// Runs a command in the unit, as its user and under its restrictions. A non-zero exit is a value
  /// (126, 127: the program could not be started). Errors: timeout (the command and its children
  /// are killed), not_found when the unit does not run.
  Result<Finished> exec(const std::vector<std::string>& command,
                        const ExecOptions& options = {}) const;

  /// Memory and processor time of all its processes. Errors: not_found.
  [[nodiscard]] Result<ResourceUsage> usage() const;

 private:
  Container() = default;
  /// The spec with what it leaves open filled in.
  static ContainerSpec completed(const HostPaths& paths, ContainerSpec spec);
  static Status prepare(const Runtime& runtime, const HostPaths& paths, const ContainerSpec& spec);
  static Status launch(const Runtime& runtime, const HostPaths& paths, const ContainerSpec& spec);
  static Result<UniqueFd> open_known(pid_t process, std::uint64_t start_time,
                                     const std::string& otherwise);

  Runtime runtime_;
  HostPaths paths_;
  std::string id_;
  std::string log_path_;
  std::string cgroup_;
  pid_t pid_ = 0;
  std::uint64_t pid_start_ = 0;
  pid_t conmon_ = 0;
  std::uint64_t conmon_start_ = 0;
  int stop_signal_ = 15;
  std::chrono::milliseconds grace_{10000};
};

} // namespace allod::host
