#include "agent/agent.h"

#include <csignal>

#include <malloc.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent_process.h"
#include "agent/http_session.h"
#include "agent/run_folder.h"
#include "base/files.h"
#include "base/time.h"
#include "trust/softhsm.h"

namespace allod::agent {
namespace {

constexpr off_t kLogLimit = 8 << 20;

/// Signals come as events; blocked before the first thread, so that all inherit it.
Result<UniqueFd> take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&set, signal);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return errno_error("block signals");
  ::signal(SIGPIPE, SIG_IGN);
  UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return errno_error("signalfd");
  return signals;
}

Status make_state_folders(const Places& places) {
  for (const std::string& folder : {places.state(), places.logs()}) {
    if (Status made = make_directories(folder, 0700); !made) return made;
  }
  struct stat log {};
  const std::string path = places.agent_log();
  if (::stat(path.c_str(), &log) == 0 && log.st_size > kLogLimit) {
    ::rename(path.c_str(), (path + ".1").c_str());
  }
  return {};
}

Result<FileLock> take_lock(const Places& places) {
  Result<FileLock> lock = FileLock::try_acquire(places.agent_lock());
  if (!lock) {
    if (lock.error().code() != ErrorCode::conflict) return lock;
    const std::string holder = read_file(places.agent_lock()).value_or(std::string());
    return Error(ErrorCode::conflict, "an agent of stack " + places.stack + " runs already" +
                                          (holder.empty() ? "" : ", process " + holder));
  }
  if (Status noted = lock->write_note(std::to_string(::getpid())); !noted) {
    return std::move(noted).error();
  }
  return lock;
}

} // namespace

Status state_is_there(const Places& places) {
  struct stat facts {};
  const std::string path = places.state_file();
  if (::stat(path.c_str(), &facts) == 0 && facts.st_size > 0) return {};
  const Result<std::vector<std::string>> volumes = list_directory(places.state() + "/volumes");
  if (!exists(path + ".backup") && (!volumes || volumes->empty())) return {};
  return Error(ErrorCode::integrity, "the state of stack " + places.stack + " is lost: " + path +
                                         (exists(path) ? " is empty" : " is not there") +
                                         ", but the stack is")
      .with_hint(state_remedy(path));
}

Status run_agent(const AgentOptions& options) {
  const Places& places = options.places;
  ::umask(0022);
  // Two arenas instead of eight for each processor: threads here wait more than they allocate.
  ::mallopt(M_ARENA_MAX, 2);
  if (Status made = make_state_folders(places); !made) return made;
  Result<FileLock> lock = take_lock(places);
  if (!lock) return std::move(lock).error();
  // Sets an environment variable, which no thread may be there for.
  if (Status used = trust::use_softhsm_folder(places.token_folder()); !used) return used;
  initialise_http();
  Result<UniqueFd> signals = take_signals();
  if (!signals) return std::move(signals).error();
  if (Status there = state_is_there(places); !there) return there;
  if (Status mounted = mount_run_folder(places); !mounted) return mounted;

  Result<State> state = State::open(places.state_file());
  if (!state) return std::move(state).error();
  Result<std::unique_ptr<EventLoop>> loop = EventLoop::make();
  if (!loop) return std::move(loop).error();
  {
    AgentProcess process(options, std::move(*state), std::move(*loop));
    if (Status ran = process.run(signals->get()); !ran) return ran;
  }
  // After `destroy`: the folder in memory went out of use only now.
  if (!exists(places.state_file())) return unmount_run_folder(places);
  return {};
}

Result<std::string> recover_state(const Places& places) {
  if (!is_directory(places.state())) {
    return Error(ErrorCode::not_found, "there is no stack " + places.stack + " on this machine");
  }
  const Result<FileLock> lock = take_lock(places);
  if (!lock) {
    return Error(lock.error()).with_hint("end it first, its units run on: allod agent stop");
  }
  const std::string path = places.state_file();
  {
    const Result<State> copy = State::open_read_only(path + ".backup");
    if (!copy) return Error(copy.error()).during("looking at the copy of the state");
  }
  const std::string kept = path + ".damaged-" + format_rfc3339(now());
  for (const char* end : {"", "-wal", "-shm"}) {
    if (!exists(path + end)) continue;
    if (::rename((path + end).c_str(), (kept + end).c_str()) != 0) {
      return errno_error("rename " + path + end);
    }
  }
  const Result<std::string> copy = read_file(path + ".backup", std::size_t{1} << 30);
  if (!copy) return copy.error();
  Status written = write_file(path, *copy, {.mode = 0600, .sync = true});
  if (!written) return std::move(written).error();
  return exists(kept) ? kept : std::string();
}

} // namespace allod::agent
