// The inside of run_agent(): who does what on which thread.
//
//   loop     the API's sockets, timers, ends of processes: never anything that takes time
//   changes  one thread: apply, down, destroy, what is done at the start; one after the other
//   upkeep   one thread: renewals and repairs, sessions, whatever asks the token
//   pool     a few threads: probes and restarts of units
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/agent_options.h"
#include "agent/api_server.h"
#include "agent/backup_keeper.h"
#include "agent/event_log.h"
#include "agent/event_loop.h"
#include "agent/health.h"
#include "agent/machinery.h"
#include "agent/reconciler.h"
#include "agent/session.h"
#include "agent/state.h"
#include "agent/troubles.h"
#include "agent/worker_pool.h"
#include "base/files.h"
#include "base/result.h"

namespace allod::agent {

class AgentProcess {
 public:
  AgentProcess(const AgentOptions& options, State state, std::unique_ptr<EventLoop> loop);
  ~AgentProcess();

  /// Until it is told to end. `signals` is a signalfd.
  Status run(int signals);

 private:
  using Call = ApiServer::Call;
  struct Works { // once there is a graph
    std::unique_ptr<Machinery> machinery;
    std::unique_ptr<Reconciler> reconciler;
    std::unique_ptr<Sessions> sessions;
    std::unique_ptr<BackupKeeper> backups;
  };

  // agent_process.cpp
  Status start();
  void take_up_recorded();
  void take_up_in_turn();
  Result<std::shared_ptr<Works>> open_works(const document::Value& settings);
  [[nodiscard]] std::shared_ptr<Works> works() const;
  void schedule_upkeep();
  void repair_now();
  void look_again();
  void schedule_renewal();
  void advance_root_rotation();
  void end();

  // backup_methods.cpp
  void schedule_backup();
  void back_up_what_is_due();
  void tell_backup(const document::Value& taken);
  void backup_now(const Call& call);
  void backup_list(const Call& call);
  void backup_verify(const Call& call);
  void restore(const Call& call);
  /// The recorded graph of a stack that runs. Errors: unavailable.
  [[nodiscard]] Result<graph::Graph> running_graph();

  // agent_methods.cpp
  void answer(Call call);
  /// Tells a caller how its change goes on.
  [[nodiscard]] static OnProgress teller(const Call& call);
  void on_gone(std::uint64_t client);
  /// Runs a change when its turn comes; who must wait is told so.
  void queue_change(Call call, std::string name, void (AgentProcess::*work)(const Call&));
  void run_change(const std::string& name, const std::function<void()>& work);
  [[nodiscard]] Result<std::vector<std::string>> remove_everything(const Call& call);
  void apply(const Call& call);
  void down(const Call& call);
  void destroy(const Call& call);
  void events(const Call& call);
  void secret(const Call& call);
  void session(const Call& call);
  void rotate_root(const Call& call);
  void rotate_secrets(const Call& call);
  [[nodiscard]] Result<document::Value> secrets();
  [[nodiscard]] document::Value version() const;

  const AgentOptions& options_;
  State state_;
  std::unique_ptr<EventLoop> loop_;
  EventLog events_;
  Troubles troubles_;
  Health health_; // of the upkeep thread
  std::unique_ptr<ApiServer> api_;
  std::map<std::uint64_t, std::uint64_t> followers_; // client → subscription; on the loop's thread
  std::stop_source stop_;
  std::atomic<bool> retry_ = true; // to take up the stack, when it could not be
  Timestamp started_;

  mutable std::mutex mutex_;
  std::shared_ptr<Works> works_;
  std::string changing_; // the change that is under way, for people
  int pending_ = 0;      // changes that wait or are under way
  bool looking_ = false; // a look beside the periodic ones is due
  // Before these nothing is due; on the thread for changes, and while nothing is pending.
  std::chrono::steady_clock::time_point next_backup_;
  std::chrono::steady_clock::time_point next_logs_;

  std::unique_ptr<WorkerPool> pool_;
  std::unique_ptr<WorkerPool> upkeep_;
  std::unique_ptr<WorkerPool> changes_;
};

} // namespace allod::agent
