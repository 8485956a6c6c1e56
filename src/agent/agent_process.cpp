#include "agent/agent_process.h"

#include <csignal>
#include <cstdio>
#include <utility>

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

namespace allod::agent {
namespace {

using document::Value;
using std::chrono::milliseconds;

constexpr std::size_t kPool = 4;
constexpr milliseconds kLongestRenewalPause{30000};
constexpr milliseconds kRenewalRetry{5000};
constexpr milliseconds kLookPause{200};

void log_line(const std::string& line) {
  const std::string whole = line + "\n";
  std::fwrite(whole.data(), 1, whole.size(), stderr);
}

} // namespace

AgentProcess::AgentProcess(const AgentOptions& options, State state,
                           std::unique_ptr<EventLoop> loop)
    : options_(options), state_(std::move(state)), loop_(std::move(loop)),
      events_(state_, &log_line), troubles_(events_), health_(options_, state_, events_, troubles_),
      started_(now()), pool_(std::make_unique<WorkerPool>(kPool)),
      upkeep_(std::make_unique<WorkerPool>(1)), changes_(std::make_unique<WorkerPool>(1)) {}

AgentProcess::~AgentProcess() = default;

std::shared_ptr<AgentProcess::Works> AgentProcess::works() const {
  const std::lock_guard lock(mutex_);
  return works_;
}

Result<std::shared_ptr<AgentProcess::Works>> AgentProcess::open_works(const Value& settings) {
  if (std::shared_ptr<Works> open = works()) return open;
  Result<std::unique_ptr<Machinery>> machinery =
      Machinery::open({.places = options_.places,
                       .state = state_,
                       .events = events_,
                       .loop = *loop_,
                       .pool = *pool_,
                       .images = options_.images,
                       .formats = options_.formats,
                       .seccomp = options_.seccomp,
                       .clock = options_.clock,
                       .look_again = [this] { look_again(); }},
                      settings);
  if (!machinery) return std::move(machinery).error();
  auto opened = std::make_shared<Works>();
  opened->machinery = std::move(*machinery);
  opened->reconciler = std::make_unique<Reconciler>(*opened->machinery);
  opened->sessions = std::make_unique<Sessions>(*opened->machinery);
  opened->backups = std::make_unique<BackupKeeper>(*opened->machinery);
  const std::lock_guard lock(mutex_);
  works_ = opened;
  return opened;
}

void AgentProcess::take_up_recorded() {
  Result<std::optional<graph::Graph>> recorded = state_.recorded();
  const Result<bool> running = state_.wanted_running();
  if (!recorded || !running) {
    troubles_.take("state", "the state could not be read",
                   recorded ? Status(running.error()) : Status(recorded.error()));
    return;
  }
  if (!*recorded) return;
  Result<std::shared_ptr<Works>> open = open_works((*recorded)->settings);
  const std::string unable = "the stack could not be taken up; units that run are left alone";
  // A PIN that was refused is not tried again: each try brings a token nearer to locking.
  retry_ = open || open.error().code() != ErrorCode::permission;
  if (!open) return troubles_.take("start", unable, open.error());
  if (!*running) return troubles_.end("start");
  const Result<Report> report = (*open)->reconciler->bring_up(**recorded, stop_.get_token());
  troubles_.take("start", unable, report ? Status() : Status(report.error()));
  ::malloc_trim(0);
}

void AgentProcess::take_up_in_turn() {
  {
    const std::lock_guard lock(mutex_);
    ++pending_;
  }
  changes_->submit([this] { run_change("taking up the stack", [this] { take_up_recorded(); }); });
}

Status AgentProcess::start() {
  Result<std::unique_ptr<ApiServer>> api =
      ApiServer::listen(*loop_, options_.places.socket(),
                        {.on_call = [this](Call call) { answer(std::move(call)); },
                         .on_gone = [this](std::uint64_t client) { on_gone(client); }});
  if (!api) return std::move(api).error();
  api_ = std::move(*api);
  take_up_in_turn();
  schedule_upkeep();
  schedule_renewal();
  schedule_backup();
  return {};
}

void AgentProcess::repair_now() {
  bool busy = false;
  {
    const std::lock_guard lock(mutex_);
    busy = !changing_.empty();
  }
  const auto open = works();
  health_.look(open ? open->machinery.get() : nullptr);
  if (busy) return;
  // What was in the way may be gone by now.
  if (!open) return retry_ ? take_up_in_turn() : void();
  open->sessions->sweep();
  const Result<bool> running = state_.wanted_running();
  if (running && *running) open->reconciler->repair();
}

void AgentProcess::schedule_upkeep() {
  loop_->after(options_.repair_interval, [this] {
    upkeep_->submit([this] {
      repair_now();
      loop_->post([this] { schedule_upkeep(); });
    });
  });
}

void AgentProcess::look_again() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(looking_, true)) return;
  }
  loop_->post([this] {
    // News come in bursts; the agent's own work makes some, too.
    loop_->after(kLookPause, [this] {
      upkeep_->submit([this] {
        {
          const std::lock_guard lock(mutex_);
          looking_ = false;
        }
        repair_now();
      });
    });
  });
}

void AgentProcess::schedule_renewal() {
  milliseconds pause = kLongestRenewalPause;
  if (const auto open = works()) {
    if (const auto due = open->machinery->identities.next_due()) {
      // Never at once again: what could not be renewed is tried after a moment.
      pause = std::clamp(std::chrono::duration_cast<milliseconds>(*due - options_.clock()),
                         milliseconds(200), kLongestRenewalPause);
      if (*due + kRenewalRetry < options_.clock()) pause = kRenewalRetry;
    }
  }
  // The wall clock may jump: looked at again before long, whatever was computed.
  loop_->after(std::min(pause, kLongestRenewalPause), [this] {
    upkeep_->submit([this] {
      if (const auto open = works()) open->reconciler->renew_due();
      advance_root_rotation();
      loop_->post([this] { schedule_renewal(); });
    });
  });
}

void AgentProcess::advance_root_rotation() {
  const auto open = works();
  if (!open) return;
  const Result<RootRotation> rotation = open->reconciler->root_rotation();
  const Result<bool> running = state_.wanted_running();
  if (!rotation || !rotation->next || *rotation->next > options_.clock()) return;
  if (!running || !*running) return;
  {
    const std::lock_guard lock(mutex_);
    if (pending_ > 0) return; // looked at again before long
    ++pending_;
  }
  changes_->submit([this, open] {
    run_change("replacing the root", [&] {
      Status advanced = open->reconciler->advance_root_rotation(stop_.get_token());
      if (advanced) return;
      events_.tell("", "replacing the root: a step failed", "to be tried again",
                   advanced.error().describe());
    });
  });
}

void AgentProcess::end() {
  stop_.request_stop();
  if (const auto open = works()) open->machinery->supervisor.let_go();
  loop_->stop();
}

Status AgentProcess::run(int signals) {
  Status watched = loop_->watch(signals, EPOLLIN, [this, signals](std::uint32_t) {
    signalfd_siginfo info{};
    if (::read(signals, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return;
    events_.tell(
        "", std::string("the agent was told to end by signal ") + std::to_string(info.ssi_signo),
        "units are left running");
    end();
  });
  if (!watched) return watched;
  if (Status started = start(); !started) return started;
  loop_->run();
  // Threads first: they use everything else.
  if (const auto open = works()) open->machinery->supervisor.let_go();
  changes_->finish();
  upkeep_->finish();
  pool_->finish();
  api_->flush();
  api_.reset();
  return {};
}

} // namespace allod::agent
