#include "host/container.h"

#include <cerrno>
#include <csignal>
#include <thread>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/files.h"
#include "host/bundle.h"
#include "host/conmon.h"
#include "host/names.h"
#include "host/proc.h"

namespace allod::host {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kCreateTimeout{60000};
constexpr milliseconds kKillTimeout{10000};
/// From a unit's end to its exit file: conmon has to be scheduled and to write it.
constexpr milliseconds kExitFileDelay{2000};

std::string exit_file(const HostPaths& paths, const std::string& id) {
  return paths.exits() + "/" + id;
}

/// Polls a condition with short pauses; false when the deadline passed.
template<class Condition>
bool wait_until(milliseconds timeout, const Condition& condition) {
  const auto deadline = Clock::now() + timeout;
  for (milliseconds pause{1}; !condition(); pause = std::min(pause * 2, milliseconds(10))) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

/// Whether the process of a pidfd ends in time.
bool ends_within(int pidfd, milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
    pollfd wait{pidfd, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

Status make_folders(const HostPaths& paths, const ContainerSpec& spec) {
  for (const std::string& folder :
       {paths.bundles(), paths.exits(), paths.runtime_root(), paths.run + "/attach"}) {
    if (Status made = make_directories(folder, 0700); !made) return made;
  }
  const std::size_t slash = spec.log_path.rfind('/');
  return make_directories(spec.log_path.substr(0, slash), 0750);
}

/// Ends conmon if it does not do so by itself once its container is gone.
void end_conmon(const HostPaths& paths, const std::string& id) {
  const pid_t process = find_conmon(paths, id);
  if (process == 0) return;
  if (wait_until(kExitFileDelay, [&] { return find_conmon(paths, id) == 0; })) return;
  const Result<UniqueFd> handle = open_pidfd(process);
  if (!handle || find_conmon(paths, id) != process) return;
  ::syscall(SYS_pidfd_send_signal, handle->get(), SIGKILL, nullptr, 0);
  wait_until(kExitFileDelay, [&] { return find_conmon(paths, id) == 0; });
}

/// The runtime's own farewell: it knows what it made. Half-made state that it does not recognise is
/// removed by hand afterwards.
void delete_in_runtime(const Runtime& runtime, const HostPaths& paths, const std::string& id) {
  if (!exists(paths.runtime_root() + "/" + id)) return;
  Command command;
  command.arguments = {runtime.path, "--root", paths.runtime_root(), "delete", "--force", id};
  command.timeout = std::chrono::seconds(30);
  const Result<Finished> ignored = run(command);
  static_cast<void>(ignored);
}

} // namespace

Result<Container> Container::adopt(const Runtime& runtime, const HostPaths& paths,
                                   const std::string& id) {
  Result<UnitRecord> record = read_record(paths.bundle(id));
  if (!record) return Error(ErrorCode::not_found, "there is no unit " + id);
  Container container;
  container.runtime_ = runtime;
  container.paths_ = paths;
  container.id_ = id;
  container.log_path_ = record->log_path;
  container.cgroup_ = record->cgroup;
  container.pid_ = record->pid;
  container.pid_start_ = record->pid_start;
  container.conmon_ = record->conmon;
  container.conmon_start_ = record->conmon_start;
  container.stop_signal_ = record->stop_signal;
  container.grace_ = record->grace;
  return container;
}

std::vector<std::string> Container::known(const HostPaths& paths) {
  return list_directory(paths.bundles()).value_or(std::vector<std::string>());
}

ContainerSpec Container::completed(const HostPaths& paths, ContainerSpec spec) {
  if (spec.cgroup.empty()) spec.cgroup = paths.cgroup() + "/" + spec.id;
  if (spec.log_path.empty()) spec.log_path = paths.bundle(spec.id) + "/log";
  return spec;
}

Status Container::prepare(const Runtime& runtime, const HostPaths& paths,
                          const ContainerSpec& spec) {
  if (Status valid = validate(spec); !valid) return valid;
  if (const Result<Container> earlier = adopt(runtime, paths, spec.id); earlier) {
    if (earlier->state().phase == Phase::running) {
      return Error(ErrorCode::already_exists, "unit " + spec.id + " is running");
    }
  }
  if (Status removed = remove(runtime, paths, spec.id); !removed) return removed;
  if (Status made = make_folders(paths, spec); !made) return made;
  const Result<Cgroups> cgroups = Cgroups::detect();
  if (!cgroups) return Error(cgroups.error());
  return write_bundle(paths, spec, MachineFacts::detect(*cgroups));
}

Status Container::launch(const Runtime& runtime, const HostPaths& paths,
                         const ContainerSpec& spec) {
  const Result<ConmonStarted> started = start_conmon(runtime, paths, spec, kCreateTimeout);
  if (!started) return Error(started.error());
  const std::string bundle = paths.bundle(spec.id);
  Result<UnitRecord> record = read_record(bundle);
  if (!record) return std::move(record).error();
  record->pid = started->container;
  record->conmon = started->conmon;
  record->pid_start = process_start_time(record->pid).value_or(0);
  record->conmon_start = process_start_time(record->conmon).value_or(0);
  if (Status written = write_record(bundle, *record); !written) return written;
  Command start;
  start.arguments = {runtime.path, "--root", paths.runtime_root(), "start", spec.id};
  start.timeout = kCreateTimeout;
  const Result<std::string> output = run_checked(start);
  return output ? Status() : Status(output.error());
}

Result<Container> Container::start(const Runtime& runtime, const HostPaths& paths,
                                   const ContainerSpec& given) {
  const ContainerSpec spec = completed(paths, given);
  const std::string doing = "starting unit " + spec.id;
  if (Status prepared = prepare(runtime, paths, spec); !prepared) {
    return std::move(prepared).error().during(doing);
  }
  if (Status launched = launch(runtime, paths, spec); !launched) {
    const Status ignored = remove(runtime, paths, spec.id);
    return std::move(launched).error().during(doing);
  }
  return adopt(runtime, paths, spec.id);
}

Status Container::remove(const Runtime& runtime, const HostPaths& paths, const std::string& id) {
  const std::string bundle = paths.bundle(id);
  const std::string doing = "removing unit " + id;
  if (!is_object_name(id)) return Error(ErrorCode::invalid_input, "\"" + id + "\" is no name");
  const Result<UnitRecord> record = read_record(bundle);
  const Result<Cgroups> cgroups = Cgroups::detect();
  if (!cgroups) return Error(cgroups.error()).during(doing);
  // Without a record nothing was started yet, or everything of it is removed but the last folder.
  const std::string cgroup = record ? record->cgroup : std::string();
  if (!cgroup.empty()) {
    if (Status killed = cgroups->kill_all(cgroup, kKillTimeout); !killed) {
      return std::move(killed).error().during(doing);
    }
  }
  delete_in_runtime(runtime, paths, id);
  end_conmon(paths, id);
  if (!cgroup.empty()) {
    // A container that was being created may have joined its group only now.
    Status gone = cgroups->kill_all(cgroup, kKillTimeout);
    if (gone) gone = cgroups->remove_with_empty_parents(cgroup);
    if (!gone) return std::move(gone).error().during(doing);
  }
  for (const std::string& path : {paths.runtime_root() + "/" + id, exit_file(paths, id),
                                  paths.run + "/attach/" + id, bundle}) {
    if (Status removed = remove_tree(path); !removed) {
      return std::move(removed).error().during(doing);
    }
  }
  return {};
}

Status Container::remove() const {
  return remove(runtime_, paths_, id_);
}

ContainerState Container::state() const {
  ContainerState state;
  const std::string bundle = paths_.bundle(id_);
  if (!exists(bundle)) return state;
  state.conmon_alive = is_alive(conmon_, conmon_start_);
  // The group stays until the unit is removed, and its counts with it.
  const Result<Cgroups> cgroups = Cgroups::detect();
  state.out_of_memory = cgroups && cgroups->out_of_memory_kills(cgroup_) > 0;
  if (is_alive(pid_, pid_start_)) {
    state.phase = Phase::running;
    state.pid = pid_;
    return state;
  }
  const Result<int> code = wait_exit(kExitFileDelay);
  if (code) state.exit_code = *code;
  state.phase = code ? Phase::exited : Phase::broken;
  return state;
}

Result<UniqueFd> Container::pidfd() const {
  return open_known(pid_, pid_start_, "unit " + id_ + " does not run");
}

Result<UniqueFd> Container::conmon_pidfd() const {
  return open_known(conmon_, conmon_start_, "conmon of unit " + id_ + " does not run");
}

Result<UniqueFd> Container::open_known(pid_t process, std::uint64_t start_time,
                                       const std::string& otherwise) {
  if (process <= 0) return Error(ErrorCode::not_found, otherwise);
  Result<UniqueFd> handle = open_pidfd(process);
  // Asked after it was opened: the handle is of the process that lives now.
  if (!handle || !is_alive(process, start_time)) return Error(ErrorCode::not_found, otherwise);
  return handle;
}

Result<int> Container::wait_exit(milliseconds timeout) const {
  const std::string path = exit_file(paths_, id_);
  std::string text;
  const auto look = [&] {
    text = read_file(path).value_or(std::string());
    return !text.empty();
  };
  const auto deadline = Clock::now() + timeout;
  while (true) {
    const bool watched = is_alive(conmon_, conmon_start_);
    if (look()) return static_cast<int>(std::strtol(text.c_str(), nullptr, 10));
    if (!watched) {
      return Error(ErrorCode::not_found,
                   "the exit code of unit " + id_ + " is not known: conmon is gone");
    }
    if (Clock::now() > deadline) {
      return Error(ErrorCode::timeout, "unit " + id_ + " did not end");
    }
    std::this_thread::sleep_for(milliseconds(2));
  }
}

Status Container::signal(int number) const {
  const Result<UniqueFd> handle = pidfd();
  if (!handle) return Error(handle.error());
  if (::syscall(SYS_pidfd_send_signal, handle->get(), number, nullptr, 0) != 0) {
    return errno_error("signal unit " + id_);
  }
  return {};
}

Result<StopOutcome> Container::stop(std::optional<milliseconds> grace) const {
  const Result<Cgroups> cgroups = Cgroups::detect();
  if (!cgroups) return Error(cgroups.error());
  StopOutcome outcome = StopOutcome::already_stopped;
  if (const Result<UniqueFd> handle = pidfd(); handle) {
    if (Status sent = signal(stop_signal_); !sent && sent.error().code() != ErrorCode::not_found) {
      return std::move(sent).error();
    }
    // What is suspended takes no signal but KILL until it goes on.
    static_cast<void>(signal(SIGCONT));
    const bool ended = ends_within(handle->get(), grace.value_or(grace_));
    outcome = ended ? StopOutcome::stopped : StopOutcome::killed;
  }
  // Also after a stop in time: nothing in the group may stay behind.
  if (Status killed = cgroups->kill_all(cgroup_, kKillTimeout); !killed) {
    return std::move(killed).error().during("stopping unit " + id_);
  }
  if (is_alive(conmon_, conmon_start_)) {
    const Result<int> ignored = wait_exit(kExitFileDelay);
    static_cast<void>(ignored);
  }
  return outcome;
}

Result<ResourceUsage> Container::usage() const {
  const Result<Cgroups> cgroups = Cgroups::detect();
  if (!cgroups) return Error(cgroups.error());
  return cgroups->usage(cgroup_);
}

} // namespace allod::host
